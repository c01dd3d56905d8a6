import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { startPostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";
import type { MemoryStore } from "../../src/index.ts";

export type StoreKind = "process" | "pglite" | "redis" | "postgres";

/** A store, and what whoever has its files or its server can find in it. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: MemoryStore;
  /** For another process, of a store on a server. */
  readonly url?: string;
  /** Everything, as text: rows of all tables, or all keys with what they hold. Nothing of a store in the process. */
  dump(): Promise<string>;
}

const openers: { readonly [Kind in StoreKind]: () => Promise<OpenedStore> } = {
  async process() {
    const store = createMemoryStore();
    return { store, dump: async () => "", [Symbol.asyncDispose]: () => store.close() };
  },

  async pglite() {
    const pglite = await PGlite.create({ loadDataDir: new Blob([await initialFiles()]) });
    await migratePostgres({ pglite });
    const store = createPostgresStore({ pglite });
    return {
      store,
      dump: () => dumpTables(async (sql) => (await pglite.query<Row>(sql)).rows),
      async [Symbol.asyncDispose]() {
        await store.close();
        await pglite.close();
      },
    };
  },

  async redis() {
    const server = await startRedis();
    const client = createClient({ url: server.url });
    client.on("error", () => undefined);
    await client.connect();
    const store = createRedisStore({ client });
    return {
      store,
      url: server.url,
      dump: () => dumpKeys((...args) => client.sendCommand(args.map(String))),
      async [Symbol.asyncDispose]() {
        await store.close();
        client.destroy();
        await server.stop();
      },
    };
  },

  async postgres() {
    const server = await startPostgres();
    const ownerUrl = await server.createDatabase();
    const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 });
    await migratePostgres({ pool: owner });
    // Roles belong to the whole server.
    const role = `people_${randomUUID().slice(0, 8)}`;
    await owner.query(`create role ${role} login password 'relevo' in role relevo_app`);
    const url = new URL(ownerUrl);
    url.username = role;
    url.password = "relevo";
    const pool = new pg.Pool({ connectionString: url.href, max: 8 });
    pool.on("error", () => undefined);
    const store = createPostgresStore({ pool });
    return {
      store,
      url: url.href,
      dump: () => dumpTables(async (sql) => (await owner.query<Row>(sql)).rows),
      async [Symbol.asyncDispose]() {
        await store.close();
        await pool.end();
        await owner.end();
        await server.stop();
      },
    };
  },
};

/** Stores that arrangements share: a pair of one kind has two of them. */
export function createStorePool(): AsyncDisposable & {
  open(kind: StoreKind, place: number): Promise<OpenedStore>;
} {
  const opened = new Map<string, Promise<OpenedStore>>();
  return {
    open(kind, place) {
      const name = `${kind} ${place}`;
      const known = opened.get(name) ?? openers[kind]();
      opened.set(name, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      for (const one of opened.values()) await (await one)[Symbol.asyncDispose]();
    },
  };
}

interface Row {
  readonly line: string;
}

/** Each row of each table as text. What is kept as bytes is read as UTF-8: places of documents hold their names. */
async function dumpTables(query: (sql: string) => Promise<readonly Row[]>): Promise<string> {
  const tables = await query(
    "select tablename as line from pg_catalog.pg_tables where schemaname = 'relevo'",
  );
  const lines: string[] = [];
  for (const { line: table } of tables) {
    for (const { line } of await query(`select t::text as line from relevo.${table} as t`)) {
      const bytes = line.replaceAll(/\\x([0-9a-f]+)/gu, (_, hex: string) =>
        Buffer.from(hex, "hex").toString(),
      );
      lines.push(`${table}: ${line} ${bytes}`);
    }
  }
  return lines.join("\n");
}

type SendCommand = (...args: readonly (string | number)[]) => Promise<unknown>;

const readers: { readonly [type: string]: (key: string) => readonly (string | number)[] } = {
  string: (key) => ["GET", key],
  list: (key) => ["LRANGE", key, 0, -1],
  hash: (key) => ["HGETALL", key],
  set: (key) => ["SMEMBERS", key],
  zset: (key) => ["ZRANGE", key, 0, -1],
};

/** All keys with what they hold. Side by side: there may be thousands. */
async function dumpKeys(send: SendCommand): Promise<string> {
  const keys = (await send("KEYS", "*")) as readonly string[];
  const lines = keys.map(async (key) => {
    const type = `${await send("TYPE", key)}`;
    const read = readers[type];
    if (read === undefined && type !== "none") throw new Error(`Nobody reads keys of type ${type}.`);
    return `${key} ${read === undefined ? "" : JSON.stringify(await send(...read(key)))}`;
  });
  return (await Promise.all(lines)).join("\n");
}

/** The files of an initialised database, made once: making them takes seconds. */
async function initialFiles(): Promise<Uint8Array<ArrayBuffer>> {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const manifest = await readFile(join(dirname(entry), "..", "package.json"), "utf8");
  const { version }: { readonly version: string } = JSON.parse(manifest);
  const folder = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "relevo");
  const path = join(folder, `pglite-${version}.tar`);
  try {
    return await readFile(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  await using pglite = await PGlite.create();
  const dump = await pglite.dumpDataDir("none");
  const files = new Uint8Array(await dump.arrayBuffer());
  await mkdir(folder, { recursive: true });
  // Whole or not at all: another test may make it too.
  const own = `${path}.${process.pid}`;
  await writeFile(own, files);
  await rename(own, path);
  return files;
}
