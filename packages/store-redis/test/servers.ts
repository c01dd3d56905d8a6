import { type RedisOptions, type RedisServer, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { afterAll, beforeAll } from "vitest";
import type { RedisClient } from "../src/index.ts";
import { RESP } from "./protocol.ts";

export interface UsedRedis {
  readonly server: () => RedisServer;
  /** Two clients, as two processes would have them. */
  readonly clients: () => readonly [RedisClient, RedisClient];
}

/** For stores of tests that are not about the deadline: a busy machine must not meet it. */
export const patient = { deadlineMs: 300_000 } as const;

/** A private server and two clients for the tests of one block. */
export function useRedis(options: RedisOptions = {}): UsedRedis {
  let server: RedisServer | undefined;
  let clients: readonly ReturnType<typeof createClient>[] = [];
  beforeAll(async () => {
    server = await startRedis(options);
    clients = [createClient({ url: server.url, RESP }), createClient({ url: server.url, RESP })];
    for (const client of clients) {
      client.on("error", () => undefined);
      await client.connect();
    }
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await server?.stop();
  });
  return {
    server: () => present(server),
    clients: () => [present(clients[0]), present(clients[1])],
  };
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("The server has not been started.");
  return value;
}
