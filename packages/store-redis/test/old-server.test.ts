import { requireService, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { describe, expect, it } from "vitest";
import { createRedisStore } from "../src/index.ts";
import { patient } from "./servers.ts";

describe.skipIf(!requireService("redis", { for: "old servers with store-redis" }))(
  "a server without HELLO",
  () => {
    it("as Redis 5 is, serves a client that speaks RESP 2", async () => {
      await using server = await startRedis({
        persistence: "always",
        args: ["--rename-command", "HELLO", ""],
      });
      // Nothing else would do: this is what the README says of the option.
      const newer = createClient({ url: server.url, socket: { reconnectStrategy: false } });
      newer.on("error", () => undefined);
      await expect(newer.connect()).rejects.toThrow(/HELLO/u);

      const client = createClient({ url: server.url, RESP: 2 });
      client.on("error", () => undefined);
      await client.connect();
      await using store = createRedisStore({ client, ...patient });
      const address = { tenant: "acme", session: "s" };
      const operation = { id: "one", fingerprint: "x" };
      await store.log.append(address, [{ type: "x-note", body: "one" }], { operation, ttlMs: 60_000 });
      expect(await store.log.append(address, [], { operation })).toMatchObject({
        replayed: true,
        version: 1,
      });
      expect((await store.log.read(address, { types: ["x-note"] })).events).toHaveLength(1);
      expect((await store.log.read(address, { direction: "backward" })).events).toHaveLength(1);
      expect((await store.log.list("acme")).items.map(({ session }) => session)).toEqual(["s"]);
      const document = { ...address, namespace: ["n"], key: "k" };
      await store.documents.put(document, { value: 1, tags: ["t"], ttlMs: 60_000 });
      await store.documents.put({ ...document, key: "l" }, { value: 2, tags: ["t"] });
      expect((await store.documents.find(address, { tags: { any: ["t"] } })).items).toHaveLength(2);
      const lease = await store.leases.acquire(address, { ttlMs: 1000 });
      await lease.release();
      expect((await store.log.exportEvents(address))?.operations).toHaveLength(1);
      expect(await store.maintenance.expire()).toEqual({ sessions: 0, documents: 0, more: false });
      expect(await store.maintenance.durability()).toMatchObject({ survives: "machine-crash" });
      client.destroy();
    });
  },
);
