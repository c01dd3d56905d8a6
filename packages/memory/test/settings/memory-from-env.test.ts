import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { defaultLimits, type MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import pg from "pg";
import { createClient } from "redis";
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
    const store = createMemoryStore({ sweepIntervalMs: 0, limits: settings.limits });
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
    RELEVO_MAX_ID_BYTES: "100",
    RELEVO_SEARCH: "",
    RELEVO_MODEL: "its own",
    RELEVO_CACHF: "its own too",
    PATH: "/bin",
  };
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const others = ["RELEVO_MODEL", "RELEVO_CACHF"];
  const memory = await memoryFromEnv({ stores, env, others, options: { onError } });
  expect(errors).toEqual([]);
  const limits = { valueBytes: 500, idBytes: 100 };
  expect(opened).toEqual([
    { url: twoStores.RELEVO_VOLATILE, schema: "memory", prefix: "app", limits },
    { url: twoStores.RELEVO_DURABLE, schema: "memory", prefix: "app", limits },
    { url: "process", schema: "memory", prefix: "app", limits },
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
  [
    { RELEVO_STORE: "process", RELEVO_CACHE_TTL_MS: "hunter2" },
    "RELEVO_CACHE_TTL_MS must be a whole number above 0, and is a text of 7 characters.",
  ],
  [{ ...twoStores, RELEVO_SESSIONS: "" }, "RELEVO_SESSIONS is missing"],
  [
    { ...twoStores, RELEVO_DURABLE: "redis://cache.example:6380/1?x" },
    "RELEVO_VOLATILE is the same store as RELEVO_DURABLE",
  ],
  [
    { ...twoStores, RELEVO_ARCHIVE: twoStores.RELEVO_VOLATILE.toUpperCase() },
    "RELEVO_ARCHIVE is the store of RELEVO_VOLATILE, where sessions are",
  ],
  [
    { RELEVO_STORE: "postgres://db/a", RELEVO_ARCHIVE: "postgresql://user:secret@db/a?sslmode=require" },
    "RELEVO_ARCHIVE is the store of RELEVO_STORE",
  ],
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

const limitVariables = Object.keys(defaultLimits).map(
  (name) => `RELEVO_MAX_${name.replaceAll(/[A-Z]/gu, "_$&").toUpperCase()}`,
);

it("every variable that the guide names is read, and no other", async () => {
  const guide = await readFile(new URL("../../../../docs/guide/settings.md", import.meta.url), "utf8");
  const table = guide
    .split("\n")
    .filter((line) => line.startsWith("| `RELEVO_"))
    .join("\n");
  const named = [...table.matchAll(/RELEVO_[A-Z_]*[A-Z]\b(?!_)/gu)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(13);
  const { stores } = noted();
  // Each has a value that none of them takes, so that each is told.
  const env = Object.fromEntries([...named, ...limitVariables].map((name) => [name, "a b"]));
  const error = await failure(memoryFromEnv({ stores, env }), "invalid-input");
  const told = new Set((error.details.mistakes as { variable: string }[]).map(({ variable }) => variable));
  // Any text is a schema and a prefix; the first test reads them.
  const texts = ["RELEVO_SCHEMA", "RELEVO_PREFIX"];
  const rest = new Set([...named, ...limitVariables].filter((name) => !texts.includes(name)));
  expect([...told].sort()).toEqual([...rest].sort());
});

it("every limit and every bound of the cache is what its variable says", async () => {
  const { stores } = noted();
  for (const name of limitVariables) {
    await using memory = await memoryFromEnv({ stores, env: { RELEVO_STORE: "process", [name]: "1" } });
    const whole = async (): Promise<unknown> => {
      const leads = memory.tenant("a").workspace("w");
      await leads.rememberMany([
        { key: "kk", value: [[1]], tags: ["a", "b"], metadata: { long: "xx" } },
        { key: "k", value: 1 },
      ]);
      return leads.entries({ where: { and: [{ path: ["value"], $eq: 1 }] } });
    };
    await expect(whole(), name).rejects.toMatchObject({ code: "too-large" });
  }
  for (const [name, most] of Object.entries({
    CACHE_SESSIONS: 10_000_000,
    CACHE_TTL_MS: 2 ** 31 - 1,
    MAX_DEPTH: 1000,
    VOLATILE_TTL_MS: 3_162_240_000_000,
  })) {
    const of = (value: number) =>
      memoryFromEnv({ stores, env: { RELEVO_STORE: "process", [`RELEVO_${name}`]: String(value) } });
    // So many sessions take a second to make room for.
    if (name !== "CACHE_SESSIONS") await (await of(most)).close();
    const { message } = await failure(of(most + 1), "invalid-input");
    expect(message).toContain(`RELEVO_${name} must be at most ${most}, and is `);
  }
});

it("the archive may be one of the two stores, which is then opened once", async () => {
  const { stores, opened, closed } = noted();
  const env = { ...twoStores, RELEVO_ARCHIVE: twoStores.RELEVO_DURABLE };
  await using memory = await memoryFromEnv({ stores, env });
  expect(opened).toHaveLength(2);
  await memory.tenant("acme").session("chat").append(user("Hola"));
  expect((await memory.tenant("acme").archive("chat")).moved).toBe(true);
  await memory.close();
  expect(closed).toHaveLength(2);
});

it("an unknown variable is told", async () => {
  const { stores } = noted();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const env = {
    RELEVO_STORE: "process",
    RELEVO_REDIS_URL: "redis://user:secret@x",
    RELEVO_PORT: "tcp://x:1",
  };
  await using _memory = await memoryFromEnv({ stores, env, options: { onError } });
  expect(errors).toMatchObject([
    { code: "invalid-input", details: { unknown: ["RELEVO_REDIS_URL", "RELEVO_PORT"] } },
  ]);
  expect(inspect(errors, { depth: 9 })).not.toContain("secret");
});

/** All that a log may show of an error. */
function shownOf(error: MemoryError): string {
  const causes: unknown[] = [];
  for (let one: unknown = error; one instanceof Error; one = one.cause)
    causes.push(one, String(one), one.stack);
  return [...causes, error]
    .map((one) => `${inspect(one, { depth: 9, showHidden: true })} ${JSON.stringify(one)}`)
    .join();
}

it.each([
  ["user:secret%20word", ["secret word", "secret%20word"]],
  ["user:secret@word", ["secret@word", "secret%40word"]],
  ["user:secret%word", ["secret%word"]],
  ["user:secret#word", ["secret#word"]],
  ["secret-token", ["secret-token"]],
  ["user:se", ["the password is se"]],
])("the password of //%s@ is in nothing that an error shows", async (userInfo, forms) => {
  const url = `postgres://${userInfo}@db.example/relevo?sslmode=require&sslpassword=secret-2`;
  const fail: OpenStore = () => {
    const deep = new Error(`at ${url}`, { cause: `secret-2 of ${url}` });
    const inner = new AggregateError([deep, new Error(forms.join(" or "))], "", { cause: deep });
    const error = new TypeError(`Invalid URL, ${forms.join(", ")} secret-2`, { cause: inner });
    throw Object.assign(error, {
      input: url,
      code: "ERR_INVALID_URL",
      config: { password: forms[0], toJSON: () => url },
    });
  };
  const { stores } = noted();
  const error = await failure(
    memoryFromEnv({ stores: { ...stores, postgres: fail }, env: { RELEVO_STORE: url } }),
    "invalid-input",
  );
  const shown = shownOf(error);
  for (const form of [...forms, "secret", url]) expect(shown).not.toContain(form);
  expect(error.cause).toMatchObject({ name: "TypeError", code: "ERR_INVALID_URL" });
  expect(error.message).toMatch(/^RELEVO_STORE names a store that could not be opened: TypeError: /u);
});

it("drivers that cannot connect are shown with what failed, and without the password", async () => {
  const stores: { readonly [kind: string]: OpenStore } = {
    async postgres({ url }) {
      const pool = new pg.Pool({ connectionString: url });
      try {
        await pool.query("select 1");
      } finally {
        await pool.end();
      }
      return createMemoryStore();
    },
    async redis({ url }) {
      const client = createClient({ url, socket: { reconnectStrategy: false } });
      client.on("error", () => undefined);
      await client.connect();
      return createMemoryStore();
    },
  };
  for (const [url, says] of [
    ["postgres://relevo:secret-1@localhost:1/x", "ECONNREFUSED"],
    ["redis://relevo:secret-1@localhost:1/0", "ECONNREFUSED"],
    ["redis://relevo:secret-1@[bad", "Invalid URL"],
    ["postgres://relevo:secret-1@[bad/x", "Invalid URL"],
  ] as const) {
    const error = await failure(memoryFromEnv({ stores, env: { RELEVO_STORE: url } }), "invalid-input");
    expect(error.message).toContain(says);
    expect(shownOf(error)).not.toContain("secret-1");
  }
});

it("a store that cannot be opened is named, and the others are closed, whatever fails", async () => {
  const { stores, closed } = noted();
  const refused: OpenStore = () => Promise.reject(new Error("connect failed"));
  const none: OpenStore = () => ({}) as never;
  for (const postgres of [refused, none]) {
    const error = await failure(
      memoryFromEnv({ stores: { ...stores, postgres }, env: twoStores }),
      "invalid-input",
    );
    expect(error.message).toMatch(/^RELEVO_DURABLE names a store that could not be opened: /u);
    expect(closed.splice(0)).toEqual([twoStores.RELEVO_VOLATILE]);
  }
  const closing: OpenStore = () => ({
    ...createMemoryStore(),
    close: () => Promise.reject(new Error("stuck")),
  });
  const errors: unknown[] = [];
  const options = { onError: (error: unknown): void => void errors.push(error) };
  const failing = memoryFromEnv({
    stores: { ...stores, redis: closing, postgres: refused },
    env: twoStores,
    options,
  });
  expect((await failure(failing, "invalid-input")).message).toContain("RELEVO_DURABLE");
  expect(errors).toMatchObject([{ message: "stuck" }]);
  const memory = await memoryFromEnv({ stores: { ...stores, redis: closing }, env: twoStores });
  await expect(memory.close()).rejects.toThrow("stuck");
  expect(closed).toEqual([twoStores.RELEVO_DURABLE]);
  for (const wrong of [
    undefined,
    {},
    { stores: {} },
    { stores: { redis: "x" } },
    { stores, recal: 1 },
    { stores, others: 1 },
  ])
    await failure(memoryFromEnv(wrong as never), "invalid-input");
});
