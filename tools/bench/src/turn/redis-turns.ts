import { createRedisStore } from "@relevo/store-redis";
import { serviceAvailable, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import type { FloorClient } from "../redis-server.ts";
import { createRoomyStore } from "./process-turns.ts";
import { relevoSubjects, relevoTurns } from "./relevo-turns.ts";
import {
  answer,
  earlierTexts,
  type OpenPeers,
  shownMessages,
  type TurnGroup,
  type TurnSubject,
} from "./turn-subject.ts";

function rawTurns(client: FloorClient): TurnSubject {
  const line = (role: string, content: string): string => JSON.stringify({ role, content, at: Date.now() });
  return {
    name: "RPUSH, LRANGE, RPUSH",
    fill: (session, messages) =>
      client.rPush(
        `raw:${session}`,
        [...earlierTexts(messages)].map(({ role, content }) => line(role, content)),
      ),
    async turn(session, question) {
      const list = `raw:${session}`;
      await client.rPush(list, line("user", question));
      const lines = await client.lRange(list, -shownMessages, -1);
      const shown = lines.map((text): { readonly content: string } => JSON.parse(text));
      await client.rPush(list, line("assistant", answer));
      return { messages: shown.length, newest: shown.at(-1)?.content };
    },
  };
}

/** On a private server without persistence. All of a process share one connection. */
export function redisTurns(peers: OpenPeers<unknown> = async () => []): TurnGroup {
  return {
    title: "Redis",
    shared: true,
    async start() {
      const service = serviceAvailable("redis");
      if (!service.available) return service.reason;
      const server = await startRedis();
      return { url: server.url, pid: server.pid, [Symbol.asyncDispose]: () => server.stop() };
    },
    async open(url) {
      const client = createClient({ url });
      await client.connect();
      const store = createRedisStore({ client });
      const inProcess = createRoomyStore();
      return {
        floor: rawTurns(client),
        subjects: [
          ...relevoSubjects(store),
          ...(await peers(client)),
          relevoTurns("Relevo in process", inProcess),
        ],
        async [Symbol.asyncDispose]() {
          await Promise.all([store.close(), inProcess.close()]);
          client.destroy();
        },
      };
    },
  };
}
