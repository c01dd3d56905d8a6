import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { memoryFromEnv, type OpenStore, type StoreSettings } from "../../src/index.ts";
import { failure, user } from "../fixture.ts";

/** Stores that note how they were opened and closed. */
function noted(): {
  readonly stores: { readonly [kind: string]: OpenStore };
  readonly opened: StoreSettings[];
  readonly closed: string[];
} {
  const opened: StoreSettings[] = [];
  const closed: string[] = [];
  const open: OpenStore = (settings) => {
    opened.push(settings);
    const store = createMemoryStore({ sweepIntervalMs: 0 });
    const close = async (): Promise<void> => {
      closed.push(settings.url);
      await store.close();
    };
    return { limits: store.limits, log: store.log, documents: store.documents, leases: store.leases, close };
  };
  return { stores: { process: open, redis: open, postgres: open }, opened, closed };
}

const twoStores = {
  RELEVO_VOLATILE: "rediss://user:secret@cache.example:6380/1",
  RELEVO_DURABLE: "postgresql://db.example/relevo",
  RELEVO_SESSIONS: "volatile",
};

it("a memory is as the variables say, and closes what was made for it", async () => {
  const { stores, opened, closed } = noted();
  const env = {
    ...twoStores,
    RELEVO_ARCHIVE: "process",
    RELEVO_SCHEMA: "memory",
    RELEVO_PREFIX: "app",
    RELEVO_VOLATILE_TTL_MS: "never",
    RELEVO_CACHE_SESSIONS: "5",
    RELEVO_MAX_VALUE_BYTES: "500",
    RELEVO_SEARCH: "",
    RELEVO_REQUIRE: "redis",
    PATH: "/bin",
  };
  const memory = await memoryFromEnv({ stores, env });
  expect(opened).toEqual([
    { url: twoStores.RELEVO_VOLATILE, schema: "memory", prefix: "app" },
    { url: twoStores.RELEVO_DURABLE, schema: "memory", prefix: "app" },
    { url: "process", schema: "memory", prefix: "app" },
  ]);
  const acme = memory.tenant("acme");
  await acme.session("chat").append(user("Hola"));
  expect((await acme.archive("chat")).moved).toBe(true);
  expect(await acme.agent("clerk").remember("k", 1, { tier: "volatile" })).not.toHaveProperty("expiresAt");
  await failure(acme.agent("clerk").remember("k", "x".repeat(600)), "too-large");
  await memory.close();
  await memory.close();
  expect(closed).toEqual([twoStores.RELEVO_VOLATILE, twoStores.RELEVO_DURABLE, "process"]);
  await failure((async () => memory.tenant("acme"))(), "closed");
});

it("one store is enough, and search is on where it is asked for", async () => {
  const { stores } = noted();
  const env = { RELEVO_STORE: "process", RELEVO_SEARCH: "on", RELEVO_CACHE: "off" };
  const asked: string[] = [];
  const recall = () => ({
    search: async ({ text }: { readonly text: string }) => {
      asked.push(text);
      return { hits: [] };
    },
  });
  await using memory = await memoryFromEnv({ stores, env, recall: recall as never });
  expect((await memory.tenant("acme").search({ text: "what?" })).hits).toEqual([]);
  expect(asked).toHaveLength(1);
  const error = await failure(memoryFromEnv({ stores, env }), "invalid-input");
  expect(error.message).toContain("RELEVO_SEARCH");
});

it.each([
  [{}, "RELEVO_STORE is missing"],
  [{ RELEVO_STORE: "  " }, "RELEVO_STORE is missing"],
  [
    { RELEVO_STORE: "mysql://db" },
    "RELEVO_STORE must be the address of a store of a known kind: process, redis, postgres.",
  ],
  [{ RELEVO_STORE: "process", RELEVO_DURABLE: "process" }, "RELEVO_STORE must not be set together"],
  [{ RELEVO_STORE: "process", RELEVO_SESSIONS: "durable" }, "RELEVO_SESSIONS is for two stores"],
  [{ RELEVO_VOLATILE: "redis://x" }, "RELEVO_DURABLE is missing"],
  [
    { ...twoStores, RELEVO_SESSIONS: "both" },
    'RELEVO_SESSIONS must be one of volatile, durable, and is "both".',
  ],
  [
    { RELEVO_STORE: "process", RELEVO_VOLATILE_TTL_MS: "1h" },
    'RELEVO_VOLATILE_TTL_MS must be a whole number above 0, and is "1h".',
  ],
  [{ RELEVO_STORE: "process", RELEVO_CACHE_BYTES: "0" }, "RELEVO_CACHE_BYTES must be"],
  [{ RELEVO_STORE: "process", RELEVO_CACHE: "off", RELEVO_CACHE_BYTES: "9" }, "RELEVO_CACHE is off"],
  [{ RELEVO_STORE: "process", RELEVO_CACHE: "yes" }, "RELEVO_CACHE must be one of on, off"],
  [{ RELEVO_STORE: "process", RELEVO_MAX_VALUE_BYTES: "-1" }, "RELEVO_MAX_VALUE_BYTES must be"],
  [{ RELEVO_STORE: "process", RELEVO_SEARCH: "true" }, "RELEVO_SEARCH must be one of on, off"],
  [{ RELEVO_STORE: "process", RELEVO_CAHCE: "on" }, "RELEVO_CAHCE is not known. Did you mean RELEVO_CACHE?"],
] as const)("%o is refused: %s", async (env, message) => {
  const { stores, opened } = noted();
  const error = await failure(memoryFromEnv({ stores, env }), "invalid-input");
  expect(error.message).toContain(message);
  expect(error.details.mistakes).toHaveLength(error.message.split("\n").length);
  expect(opened).toEqual([]);
});

it("every mistake is told at once, and none tells a password", async () => {
  const { stores } = noted();
  const env = {
    RELEVO_STORE: "oracle://user:secret-1@db",
    RELEVO_CACHE_BYTES: "much",
    RELEVO_VOLATILE_TTL_MS: "postgres://user:secret-2@db",
  };
  const error = await failure(memoryFromEnv({ stores, env }), "invalid-input");
  expect(error.message.split("\n")).toHaveLength(3);
  expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain("secret");
});

it("a store that cannot be opened is named, and the others are closed", async () => {
  const { stores, closed } = noted();
  const refused: OpenStore = ({ url }) =>
    Promise.reject(new Error(`connect to ${url} as secret word failed`));
  const env = { ...twoStores, RELEVO_DURABLE: "postgres://user:secret%20word@db.example/relevo" };
  const error = await failure(
    memoryFromEnv({ stores: { ...stores, postgres: refused }, env }),
    "invalid-input",
  );
  expect(error.message).toMatch(/^RELEVO_DURABLE names a store that could not be opened: /u);
  expect(error.message).not.toContain("secret");
  expect(error.cause).toBeInstanceOf(Error);
  expect(closed).toEqual([twoStores.RELEVO_VOLATILE]);
  for (const wrong of [undefined, {}, { stores: {} }, { stores: { redis: "x" } }])
    await failure(memoryFromEnv(wrong as never), "invalid-input");
});
