import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { dumpKeys, dumpTables, startPostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";
import type { MemoryStore } from "../../src/index.ts";
import { openPostgres, openRedis } from "../cache/servers.ts";

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
      dump: () => dumpTables(async (sql) => (await pglite.query<{ readonly line: string }>(sql)).rows),
      async [Symbol.asyncDispose]() {
        await store.close();
        await pglite.close();
      },
    };
  },

  async redis() {
    const server = await startRedis();
    const opened = await openRedis(createClient({ url: server.url }));
    return {
      store: opened.store,
      url: server.url,
      dump: () => dumpKeys((...args) => server.command(...args)),
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
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
    const opened = openPostgres({ connectionString: url.href, max: 8 });
    return {
      store: opened.store,
      url: url.href,
      dump: () => dumpTables(async (sql) => (await owner.query<{ readonly line: string }>(sql)).rows),
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
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
