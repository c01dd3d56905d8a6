import type { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { MemoryError } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { requireService, startPostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importChatHistory, RelevoChatMessageHistory } from "../../src/index.ts";
import { samples } from "../samples.ts";

/** Of packages that are installed beside the newest releases alone. */
interface Histories {
  readonly PostgresChatMessageHistory: new (fields: {
    readonly sessionId: string;
    readonly pool: pg.Pool;
  }) => BaseListChatMessageHistory;
  readonly RedisChatMessageHistory: new (fields: {
    readonly sessionId: string;
    readonly config: { readonly url: string };
  }) => BaseListChatMessageHistory & { readonly client: { disconnect(): Promise<void> } };
}
async function load<Module>(name: string): Promise<Module> {
  return await import(name);
}
const { PostgresChatMessageHistory } = await load<Histories>("@langchain/community/stores/message/postgres");
const { RedisChatMessageHistory } = await load<Histories>("@langchain/redis");

const stop = new AsyncDisposableStack();
let pool: pg.Pool;
let connectionString: string;
let url: string;
requireService("postgres", { for: "moving from PostgresChatMessageHistory" });
requireService("redis", { for: "moving from RedisChatMessageHistory" });
beforeAll(async () => {
  const postgres = stop.use(await startPostgres());
  connectionString = postgres.url;
  pool = new pg.Pool({ connectionString });
  stop.defer(() => pool.end());
  url = stop.use(await startRedis()).url;
});
afterAll(() => stop.disposeAsync());

const sources = [
  ["PostgresChatMessageHistory", (sessionId: string) => new PostgresChatMessageHistory({ sessionId, pool })],
  [
    "RedisChatMessageHistory",
    (sessionId: string) => {
      const history = new RedisChatMessageHistory({ sessionId, config: { url } });
      stop.defer(() => history.client.disconnect());
      return history;
    },
  ],
] as const;

/** What a message holds, without what the session adds to it: the time, and an id where there was none. */
function contentOf(message: BaseMessage, given: BaseMessage): unknown {
  const { lc_kwargs: _arguments, id, additional_kwargs, ...held } = { ...message };
  const { relevo: _relevo, ...extras } = additional_kwargs;
  const named = given.id === undefined ? {} : { id };
  return JSON.parse(JSON.stringify({ ...held, ...named, additional_kwargs: extras }));
}

describe.each(sources)("from %s", (_, open) => {
  it("messages of all kinds move exactly and once, those of each session into its own", async () => {
    await using memory = createMemory({ store: createMemoryStore() });
    for (const id of ["one", "two"]) {
      const old = open(id);
      for (const [, create] of samples) await old.addMessage(create());
      await old.addMessage(new HumanMessage(`The end of ${id}`));
      const stored = await old.getMessages();
      expect(stored.length).toBe(samples.length + 1);
      const session = memory.tenant("acme").session(id);
      for (let run = 0; run < 2; run++)
        expect(await importChatHistory(old, session, { name: "old" })).toBe(stored.length);
      const moved = await new RelevoChatMessageHistory({ session }).getMessages();
      expect(moved.map((message, n) => contentOf(message, stored[n] as BaseMessage))).toEqual(
        stored.map((message, n) => {
          // These classes lose blocks of version 1 when they read them; they are stored.
          const content = (samples[n]?.[1]() ?? message).content;
          return contentOf(Object.assign(message, { content }), message);
        }),
      );
    }
  });
});

/** Puts something that is no message behind the last. */
const spoil = [
  async (sessionId: string) => {
    const table = "langchain_chat_histories";
    const message = { type: "odd", content: "Hi" };
    await pool.query(`insert into ${table} (session_id, message) values ($1, $2)`, [sessionId, message]);
  },
  async (sessionId: string) => {
    const client = await createClient({ url }).connect();
    await client.lPush(sessionId, "{no JSON");
    client.destroy();
  },
] as const;

it.each(sources.map(([name, open], n) => [name, open, spoil[n], ["odd", "JSON"][n] ?? ""] as const))(
  "%s with a message that it cannot read is refused whole, and says which",
  async (_, open, spoiled, names) => {
    await using memory = createMemory({ store: createMemoryStore() });
    const session = memory.tenant("acme").session("s");
    const old = open("spoiled");
    await old.addMessage(new HumanMessage("Hi"));
    await spoiled?.("spoiled");
    const refused = await importChatHistory(old, session, { name: "old" }).catch((error: unknown) => error);
    expect(MemoryError.isInstance(refused, "corrupt")).toBe(true);
    expect(String(refused)).toContain(names);
    expect(await session.head()).toBeUndefined();
  },
);

it.each(sources)("%s of a server that is gone is unavailable", async (_, open) => {
  await using memory = createMemory({ store: createMemoryStore() });
  const lost = { getMessages: () => open("lost").getMessages() };
  await stop.disposeAsync();
  pool = new pg.Pool({ connectionString });
  const session = memory.tenant("acme").session("s");
  const refused = await importChatHistory(lost, session, { name: "old" }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "unavailable" });
});
