import { defaultLimits, type Limits, MemoryError } from "@relevo/core";
import { maxJsonDepth, maxTtlMs, requireKnownFields } from "@relevo/core/input";
import { mostCachedSessions, mostCacheTtlMs, type SessionCacheOptions } from "../cache/cache-options.ts";

/** Variables by name, such as `process.env`. */
export type Environment = { readonly [name: string]: string | undefined };

/** Where a store is, as a variable has it. */
export interface StoreSettings {
  /** The whole address, which may hold a password. */
  readonly url: string;
  /** `RELEVO_SCHEMA`: of the tables, in a store that has any. */
  readonly schema?: string;
  /** `RELEVO_PREFIX`: of the keys, in a store that has any. */
  readonly prefix?: string;
  /** `RELEVO_MAX_…`: for the option of this name that every store has. */
  readonly limits?: { readonly [Name in keyof Limits]?: number };
}

/** A store that is to be opened: by the factory of this kind. */
export interface NamedStore extends StoreSettings {
  readonly variable: string;
  readonly kind: string;
}

export interface Settings {
  readonly store?: NamedStore;
  readonly volatile?: NamedStore;
  readonly durable?: NamedStore;
  readonly archive?: NamedStore;
  readonly sessions?: "volatile" | "durable";
  readonly volatileTtlMs?: number | null;
  readonly cache?: SessionCacheOptions | boolean;
  readonly limits?: { readonly [Name in keyof Limits]?: number };
  readonly search: boolean;
}

export interface Mistake {
  readonly variable: string;
  readonly problem: string;
}

const prefix = "RELEVO_";

/** Names without the prefix. */
const variables = [
  "STORE",
  "VOLATILE",
  "DURABLE",
  "ARCHIVE",
  "SESSIONS",
  "SCHEMA",
  "PREFIX",
  "VOLATILE_TTL_MS",
  "CACHE",
  "CACHE_SESSIONS",
  "CACHE_BYTES",
  "CACHE_TTL_MS",
  "SEARCH",
] as const;
type Variable = (typeof variables)[number];

const limitNames = new Map(
  Object.keys(defaultLimits).map((name) => [
    `MAX_${name.replaceAll(/[A-Z]/gu, (letter) => `_${letter}`).toUpperCase()}`,
    name as keyof Limits,
  ]),
);
const known: ReadonlySet<string> = new Set([...variables, ...limitNames.keys()]);

/** What the program knows beside the variables. */
export interface Surroundings {
  readonly kinds: readonly string[];
  /** Whole names that are another's. */
  readonly others: ReadonlySet<string>;
  /** Is given what is no mistake, and may be one. */
  readonly report: (error: unknown) => void;
}

/**
 * Reads the variables. Addresses are not repeated in messages: they may hold passwords.
 *
 * @throws `invalid-input` with every mistake, one line each, and `details.mistakes`.
 */
export function readSettings(environment: Environment, { kinds, others, report }: Surroundings): Settings {
  const mistakes: Mistake[] = [];
  const note = (name: string, problem: string): undefined => {
    mistakes.push({ variable: prefix + name, problem });
  };
  const text = (name: Variable | string): string | undefined => {
    const value = environment[prefix + name];
    // A variable that is set to nothing, as compose files do, is not set.
    return value === undefined || value.trim() === "" ? undefined : value.trim();
  };
  const whole = (name: string, most: number = Number.MAX_SAFE_INTEGER): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/u.test(value) ? Number(value) : 0;
    if (number > most) return note(name, `must be at most ${most}, and is ${shown(value)}.`);
    return number > 0 ? number : note(name, `must be a whole number above 0, and is ${shown(value)}.`);
  };
  const choice = <Choice extends string>(name: Variable, choices: readonly Choice[]): Choice | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const found = choices.find((one) => one === value);
    return found ?? note(name, `must be one of ${choices.join(", ")}, and is ${shown(value)}.`);
  };
  const limits = Object.fromEntries(
    [...limitNames].flatMap(([name, limit]) => {
      const value = whole(name, limit === "depth" ? maxJsonDepth : undefined);
      return value === undefined ? [] : [[limit, value]];
    }),
  );
  const hasLimits = Object.keys(limits).length > 0;
  const schema = text("SCHEMA");
  const keys = text("PREFIX");
  const named = (name: "STORE" | "VOLATILE" | "DURABLE" | "ARCHIVE"): NamedStore | undefined => {
    const url = text(name);
    if (url === undefined) return undefined;
    const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(url)?.[1]?.toLowerCase() ?? url.toLowerCase();
    const kind = aliases.get(scheme) ?? scheme;
    if (!kinds.includes(kind))
      return note(name, `must be the address of a store of a known kind: ${kinds.join(", ")}.`);
    return {
      variable: prefix + name,
      kind,
      url,
      ...(schema === undefined ? {} : { schema }),
      ...(keys === undefined ? {} : { prefix: keys }),
      ...(hasLimits ? { limits } : {}),
    };
  };

  const unknown = unknownNames(environment, others, note);
  if (unknown.length > 0) report(unknownVariables(unknown));
  const store = named("STORE");
  const volatile = named("VOLATILE");
  const durable = named("DURABLE");
  const sessions = choice("SESSIONS", ["volatile", "durable"]);
  const hasOne = text("STORE") !== undefined;
  const hasTwo = text("VOLATILE") !== undefined || text("DURABLE") !== undefined;
  if (hasOne && hasTwo) note("STORE", "must not be set together with RELEVO_VOLATILE and RELEVO_DURABLE.");
  if (!hasOne && !hasTwo)
    note("STORE", "is missing; or set RELEVO_VOLATILE, RELEVO_DURABLE and RELEVO_SESSIONS.");
  if (hasTwo && !hasOne) {
    for (const name of ["VOLATILE", "DURABLE", "SESSIONS"] as const)
      if (text(name) === undefined) note(name, "is missing: two stores need it.");
  }
  if (hasOne && sessions !== undefined) note("SESSIONS", "is for two stores: there is one.");
  const archive = named("ARCHIVE");
  // Two stores over the same data are one: a session would be archived onto itself.
  if (isSamePlace(volatile, durable))
    note("VOLATILE", `is the same store as ${prefix}DURABLE. Set ${prefix}STORE alone.`);
  const home = store ?? (sessions === "volatile" ? volatile : durable);
  if (isSamePlace(home, archive))
    note("ARCHIVE", `is the store of ${home?.variable}, where sessions are: an archive is another one.`);
  const ttl = text("VOLATILE_TTL_MS");
  const volatileTtlMs = ttl === "never" ? null : whole("VOLATILE_TTL_MS", maxTtlMs);
  const caching = choice("CACHE", ["on", "off"]);
  const bounds = {
    sessions: whole("CACHE_SESSIONS", mostCachedSessions),
    bytes: whole("CACHE_BYTES"),
    ttlMs: whole("CACHE_TTL_MS", mostCacheTtlMs),
  };
  const hasBounds = Object.values(bounds).some((bound) => bound !== undefined);
  if (caching === "off" && hasBounds) note("CACHE", "is off, and has bounds all the same.");
  const search = choice("SEARCH", ["on", "off"]);
  if (mistakes.length > 0) throw mistaken(mistakes);
  return {
    ...(store === undefined ? {} : { store }),
    ...(volatile === undefined ? {} : { volatile }),
    ...(durable === undefined ? {} : { durable }),
    ...(archive === undefined ? {} : { archive }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(volatileTtlMs === undefined ? {} : { volatileTtlMs }),
    ...(hasBounds ? { cache: bounds } : caching === undefined ? {} : { cache: caching === "on" }),
    ...(hasLimits ? { limits } : {}),
    search: search === "on",
  };
}

/** Whether two variables name one store. A name, such as `process`, opens another store each time. */
export function isSamePlace(one: NamedStore | undefined, other: NamedStore | undefined): boolean {
  if (one === undefined || other === undefined || !one.url.includes("//")) return false;
  return one.kind === other.kind && placeOf(one.url) === placeOf(other.url);
}

/** Without what says who connects and how. */
function placeOf(url: string): string {
  return url
    .replace(/^[^:]*:\/\/(?:.*@)?/su, "")
    .replace(/[?#].*$/su, "")
    .replace(/\/0?$/u, "")
    .toLowerCase();
}

const aliases: ReadonlyMap<string, string> = new Map([
  ["rediss", "redis"],
  ["postgresql", "postgres"],
]);

/**
 * A slip of the pen is a mistake, which would leave a setting as it is without a word. Answers the other names that are not
 * known: they may be another program's, or of an orchestrator, such as `RELEVO_PORT` of a service with that name.
 */
function unknownNames(
  environment: Environment,
  others: ReadonlySet<string>,
  note: (name: string, problem: string) => void,
): readonly string[] {
  const unknown: string[] = [];
  for (const name of Object.keys(environment)) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    if (own === undefined || known.has(own) || others.has(name)) continue;
    const nearest = nearestKnown(own);
    if (nearest === undefined) unknown.push(name);
    else note(own, `is not known. Did you mean ${prefix}${nearest}?`);
  }
  return unknown;
}

function nearestKnown(own: string): string | undefined {
  try {
    requireKnownFields({ [own]: true }, "environment", known);
  } catch (error) {
    const nearest = MemoryError.isInstance(error) ? error.details.nearest : undefined;
    if (typeof nearest === "string") return nearest;
  }
  return undefined;
}

function unknownVariables(names: readonly string[]): MemoryError {
  const { length } = names;
  return new MemoryError(
    "invalid-input",
    `memoryFromEnv does not know ${names.join(", ")}, so ${length === 1 ? "it sets" : "they set"} nothing. Name what the program reads itself in "others". Known: ${[...known].map((name) => prefix + name).join(", ")}.`,
    { details: { unknown: [...names] } },
  );
}

export function mistaken(mistakes: readonly Mistake[], cause?: unknown): MemoryError {
  const lines = mistakes.map(({ variable, problem }) => `${variable} ${problem}`);
  return new MemoryError("invalid-input", lines.join("\n"), {
    details: { mistakes: mistakes.map((one) => ({ ...one })) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What was set by mistake, such as a password in the wrong place, is not for the log: a word or a number is. */
function shown(value: string): string {
  return /^(?:[a-z]{1,8}|[-+]?[\d.,]{1,12} ?[a-z]{0,3})$/iu.test(value)
    ? JSON.stringify(value)
    : `a text of ${value.length} characters`;
}
