import { PostgresChatMessageHistory } from "@langchain/community/stores/message/postgres";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { RedisChatMessageHistory } from "@langchain/redis";
import { PostgresStore as MastraStore } from "@mastra/pg";
import type { Peers } from "../bench/dist/turn/turn-groups.js";
import {
  answer,
  chunksOf,
  earlierTexts,
  type Shown,
  shownMessages,
  type TurnSubject,
} from "../bench/dist/turn/turn-subject.js";

type Pool = Parameters<Peers["postgres"]>[0];
type RedisClient = NonNullable<ConstructorParameters<typeof RedisChatMessageHistory>[0]["client"]>;

/** Each library as its documentation uses it, on the connections of the store that it is measured beside. */
export const turnPeers: Peers = {
  redis: async (client) => [langchainRedis(client as RedisClient)],
  postgres: async (pool) => [await mastra(pool), await langchainCommunity(pool), await langgraph(pool)],
};

function earlier(messages: number): BaseMessage[] {
  return [...earlierTexts(messages)].map(({ role, content }) =>
    role === "user" ? new HumanMessage(content) : new AIMessage(content),
  );
}

function shownOf(messages: readonly BaseMessage[]): Shown {
  return { messages: messages.length, newest: messages.at(-1)?.content };
}

/** With an expiry, as the store has one for each session. Its messages lie newest first. */
function langchainRedis(client: RedisClient): TurnSubject {
  const historyOf = (sessionId: string) =>
    new RedisChatMessageHistory({ sessionId, client, sessionTTL: 3600 });
  return {
    name: "@langchain/redis",
    fill: (session, messages) => historyOf(session).addMessages(earlier(messages)),
    async turn(session, question) {
      const history = historyOf(session);
      await history.addMessage(new HumanMessage(question));
      const shown = (await history.getMessages()).slice(-shownMessages);
      await history.addMessage(new AIMessage(answer));
      return shownOf(shown);
    },
  };
}

/**
 * At its best: one object for each session, as a new one begins with a CREATE TABLE, and with an index on the session,
 * which it does not make itself.
 */
async function langchainCommunity(pool: Pool): Promise<TurnSubject> {
  const histories = new Map<string, PostgresChatMessageHistory>();
  const historyOf = (sessionId: string) => {
    const history = histories.get(sessionId) ?? new PostgresChatMessageHistory({ sessionId, pool });
    histories.set(sessionId, history);
    return history;
  };
  await historyOf("none").getMessages();
  await pool.query(
    "create index if not exists langchain_sessions on langchain_chat_histories (session_id, id)",
  );
  return {
    name: "LangChain community history",
    async fill(session, messages) {
      await historyOf(session).getMessages();
      // In one statement instead of one for each message; the form is that of `addMessage`.
      for (const chunk of chunksOf(earlier(messages), 1000)) {
        await pool.query(
          `insert into langchain_chat_histories (session_id, message)
            select $1, message from unnest($2::jsonb[]) with ordinality as row (message, place) order by place`,
          [
            session,
            chunk.map((message) => JSON.stringify({ ...message.toDict().data, type: message.getType() })),
          ],
        );
      }
    },
    async turn(session, question) {
      const history = historyOf(session);
      await history.addMessage(new HumanMessage(question));
      const shown = (await history.getMessages()).slice(-shownMessages);
      await history.addMessage(new AIMessage(answer));
      return shownOf(shown);
    },
  };
}

/** A graph of one node that is shown the newest messages. One `invoke` is a turn. */
async function langgraph(pool: Pool): Promise<TurnSubject> {
  const saver = new PostgresSaver(pool);
  await saver.setup();
  // What the node was shown; `invoke` answers with the whole conversation.
  const seen = new Map<string, Shown>();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("agent", ({ messages }, { configurable }) => {
      seen.set(`${configurable?.thread_id}`, shownOf(messages.slice(-shownMessages)));
      return { messages: [new AIMessage(answer)] };
    })
    .addEdge(START, "agent")
    .addEdge("agent", END)
    .compile({ checkpointer: saver });
  const configOf = (session: string) => ({ configurable: { thread_id: session } });
  return {
    name: "LangGraph graph + PostgresSaver",
    fill: (session, messages) =>
      graph.updateState(configOf(session), { messages: earlier(messages) }, "agent"),
    async turn(session, question) {
      await graph.invoke({ messages: [new HumanMessage(question)] }, configOf(session));
      const shown = seen.get(session);
      seen.delete(session);
      return shown ?? { messages: 0, newest: undefined };
    },
  };
}

async function mastra(pool: Pool): Promise<TurnSubject> {
  const store = new MastraStore({ id: "bench", pool, schemaName: "mastra" });
  await store.init();
  const { memory } = store.stores;
  if (memory === undefined) throw new Error("Mastra has no memory here.");
  let count = 0;
  // Its order is by time: each message is given one of its own.
  const begin = Date.now();
  const message = (threadId: string, role: "user" | "assistant", text: string) => ({
    id: `${threadId}-${count++}`,
    threadId,
    resourceId: "r-1",
    role,
    createdAt: new Date(begin + count),
    content: { format: 2 as const, parts: [{ type: "text" as const, text }] },
  });
  return {
    name: "Mastra storage",
    async fill(threadId, messages) {
      const now = new Date();
      await memory.saveThread({
        thread: { id: threadId, resourceId: "r-1", title: "t", createdAt: now, updatedAt: now, metadata: {} },
      });
      for (const chunk of chunksOf(earlierTexts(messages), 500))
        await memory.saveMessages({
          messages: chunk.map(({ role, content }) => message(threadId, role, content)),
        });
    },
    async turn(threadId, question) {
      await memory.saveMessages({ messages: [message(threadId, "user", question)] });
      const { messages } = await memory.listMessages({
        threadId,
        perPage: shownMessages,
        page: 0,
        orderBy: { field: "createdAt", direction: "DESC" },
      });
      await memory.saveMessages({ messages: [message(threadId, "assistant", answer)] });
      const [part] = messages[0]?.content.parts ?? [];
      return { messages: messages.length, newest: part?.type === "text" ? part.text : undefined };
    },
  };
}
