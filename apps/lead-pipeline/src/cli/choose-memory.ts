import { relative, resolve } from "node:path";
import { MemoryError, printable, type Store } from "@relevo/core";
import type { Environment } from "../model/choose-model.ts";
import { createMemoryKit, type MemoryKit, openMemory } from "../workflow/memory-kit.ts";
import { defaultFolder } from "./default-folder.ts";
import { FolderError, prepareFolder } from "./prepare-folder.ts";

/** The memory that the run works with, and where it is, for a person. */
export interface ChosenMemory extends AsyncDisposable {
  readonly name: string;
  readonly kit: MemoryKit;
  /** How a run begins with an empty memory, for a person; left out where each run does. */
  readonly startOver?: string;
}

/** The memory that was chosen cannot be used; the message says why, and what to do. */
export class MemoryChoiceError extends Error {
  override readonly name: string = "MemoryChoiceError";
}

/** Where the memory is kept: a folder, or nowhere (`false`); the default folder when left out. */
export type DataChoice = string | false | undefined;

interface OpenStore {
  readonly name: string;
  readonly startOver: string;
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * Opens what the environment and `--data` name.
 *
 * - `DATABASE_URL` keeps everything on that PostgreSQL server, whose tables are made when they are missing.
 * - Otherwise `--data DIR` keeps it in an embedded PostgreSQL in that folder, one process at a time.
 * - `REDIS_URL` adds a Redis (several addresses with commas: a Cluster) for workflows under way and what may go after a
 *   while, such as the hour's count of calls. Without a database or `--data`, Redis keeps everything.
 * - `--no-data` keeps it in this process, and forgets it at the end.
 *
 * `tell` hears of what takes long.
 *
 * @throws `MemoryChoiceError` when it cannot be opened.
 */
export async function chooseMemory(
  data: DataChoice,
  environment: Environment,
  tell: (progress: string) => void,
): Promise<ChosenMemory> {
  const databaseUrl = setting(environment, "DATABASE_URL");
  const redisUrl = setting(environment, "REDIS_URL");
  if (data === false) {
    const kit = openMemory();
    return { name: "this process, forgotten at the end", kit, [Symbol.asyncDispose]: dispose(kit) };
  }
  const opened: OpenStore[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.toReversed()) await one.close();
  };
  try {
    const redis = redisUrl === undefined ? undefined : await openRedis(redisUrl);
    if (redis !== undefined) opened.push(redis);
    const durable = await openDurable(data, databaseUrl, redis, tell);
    if (durable !== redis) opened.push(durable);
    const volatile = redis === durable ? undefined : redis;
    const stores = {
      durable: durable.store,
      ...(volatile === undefined ? {} : { volatile: volatile.store }),
    };
    const kit = createMemoryKit(stores, close);
    const name = volatile === undefined ? durable.name : `${durable.name}; volatile: ${volatile.name}`;
    return { name, kit, startOver: durable.startOver, [Symbol.asyncDispose]: dispose(kit) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openDurable(
  data: string | undefined,
  databaseUrl: string | undefined,
  redis: OpenStore | undefined,
  tell: (progress: string) => void,
): Promise<OpenStore> {
  if (databaseUrl !== undefined && data !== undefined) {
    throw new MemoryChoiceError(
      "--data and DATABASE_URL name two places for the memory. Leave one of them out.",
    );
  }
  if (databaseUrl !== undefined) return await openServer(databaseUrl);
  if (data === undefined && redis !== undefined) return redis;
  return await openFolder(data ?? defaultFolder, tell);
}

/** In a folder; one process at a time. */
async function openFolder(folder: string, tell: (progress: string) => void): Promise<OpenStore> {
  const { isEmpty } = await prepareFolder(folder).catch((error: unknown) => {
    if (!(error instanceof FolderError)) throw error;
    throw new MemoryChoiceError(
      `The folder ${folder} cannot hold the memory: ${error.message}. Name another one (--data DIR), or none (--no-data).`,
      { cause: error },
    );
  });
  const shown = relative(process.cwd(), resolve(folder)) || ".";
  tell(
    isEmpty
      ? `Making the database of the memory in ${shown}: this takes some seconds, the first time only …`
      : `Opening the memory in ${shown} …`,
  );
  const { openEmbedded } = await import("@relevo/store-postgres");
  const store = await openEmbedded(folder, { onError: warn }).catch((error: unknown) => {
    if (MemoryError.isInstance(error, "conflict")) {
      throw new MemoryChoiceError(
        `${error.message} To run two at once, give one of them another folder (--data DIR), no memory (--no-data), or both one server (DATABASE_URL or REDIS_URL).`,
        { cause: error },
      );
    }
    throw explain(error, `the folder ${folder}`);
  });
  const startOver = `To begin again: remove ${shown}, name another folder (--data DIR) or another tenant (--tenant ID), or remember nothing (--no-data).`;
  return { name: shown, startOver, store, close: () => store.close() };
}

async function openServer(url: string): Promise<OpenStore> {
  const place = placeOf(url, "DATABASE_URL", ["postgres:", "postgresql:"]);
  const [{ createPostgresStore, migratePostgres }, { default: pg }] = await Promise.all([
    import("@relevo/store-postgres"),
    import("pg"),
  ]);
  const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 10_000 });
  try {
    await migratePostgres({ pool });
    const store = createPostgresStore({ pool, onError: warn });
    // Whether the role may use the tables shows at the first call: here, and not at the first lead.
    await store.maintenance.durability();
    const close = async (): Promise<void> => {
      await store.close();
      await pool.end();
    };
    return { name: `PostgreSQL ${place}`, startOver: startOverOnServer, store, close };
  } catch (error) {
    await pool.end();
    throw explain(error, `DATABASE_URL (${place})`);
  }
}

async function openRedis(urls: string): Promise<OpenStore> {
  const addresses = urls.split(",").map((url) => url.trim());
  const place = addresses.map((url) => placeOf(url, "REDIS_URL", ["redis:", "rediss:"])).join(", ");
  const [{ createRedisStore }, { createClient, createCluster }] = await Promise.all([
    import("@relevo/store-redis"),
    import("redis"),
  ]);
  const [url] = addresses;
  const client =
    addresses.length > 1 || url === undefined
      ? createCluster({ rootNodes: addresses.map((address) => ({ url: address })) })
      : createClient({ url, socket: { reconnectStrategy: giveUpAfter(10) } });
  // Each call fails by itself; without a listener the first lost connection would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    throw explain(error, `REDIS_URL (${place})`);
  }
  const store = createRedisStore({ client });
  const close = async (): Promise<void> => {
    await store.close();
    client.destroy();
  };
  const { detail } = await store.maintenance.durability();
  return {
    name: `Redis ${place} (${detail.replace(/\.$/u, "")})`,
    startOver: startOverOnServer,
    store,
    close,
  };
}

/** Tries again for some seconds, then says that nobody is there. */
function giveUpAfter(tries: number): (retries: number, cause: Error) => number | Error {
  return (retries, cause) => (retries >= tries ? cause : Math.min(50 * 2 ** retries, 1000));
}

/** Host, port and database of an address, never its password. @throws `MemoryChoiceError` */
function placeOf(url: string, variable: string, protocols: readonly string[]): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !protocols.includes(parsed.protocol)) {
    throw new MemoryChoiceError(`${variable} must be an address such as ${protocols[0]}//host:port.`);
  }
  return `${parsed.host}${parsed.pathname === "/" ? "" : parsed.pathname}`;
}

function explain(error: unknown, what: string): MemoryChoiceError {
  if (error instanceof MemoryChoiceError) return error;
  const cause = rootOf(error);
  const because = cause === error ? "" : ` (${messageOf(cause)})`;
  return new MemoryChoiceError(`The memory cannot be opened in ${what}: ${messageOf(error)}${because}`, {
    cause: error,
  });
}

function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return root;
}

/** Some errors of sockets have a code and no message. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return error.message === "" ? (code ?? error.name) : error.message;
}

function setting(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
}

/** Node.js prints warnings as they are, and they may repeat a server's words. */
function warn(error: unknown): void {
  process.emitWarning(printable(messageOf(error)), "RelevoWarning");
}

const startOverOnServer =
  "To begin again: name another tenant (--tenant ID), or remember nothing (--no-data).";

function dispose(kit: MemoryKit): () => Promise<void> {
  return async () => await kit[Symbol.asyncDispose]();
}
