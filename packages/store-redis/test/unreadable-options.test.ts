import { expect, it } from "vitest";
import { createRedisStore, type RedisClient } from "../src/index.ts";

const client: RedisClient = {
  async sendCommand() {
    throw new Error("A command was sent.");
  },
};

it("options that cannot be read are invalid input, and nothing is sent", async () => {
  const { log, documents, leases, maintenance } = createRedisStore({ client });
  const address = { tenant: "t", session: "s" };
  const document = { tenant: "t", namespace: ["n"], key: "k" };
  const { proxy, revoke } = Proxy.revocable<Record<string, never>>({}, {});
  revoke();
  const options = proxy as never;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => log.append(address, [{ type: "x-a", body: 1 }], options),
    () => log.read(address, options),
    () => log.head(address, options),
    () => log.operation(address, "o", options),
    () => log.touch(address, options),
    () => log.trim(address, options),
    () => log.erase(address, options),
    () => log.delete(address, options),
    () => log.list("t", options),
    () => log.seal(address, options),
    () => log.unseal(address, options),
    () => log.exportEvents(address, options),
    () => documents.get(document, options),
    () => documents.getMany([document], options),
    () => documents.put(document, { value: 1 }, options),
    () => documents.putMany([{ address: document, value: 1 }], options),
    () => documents.delete(document, options),
    () => documents.deleteMany([{ address: document }], options),
    () => documents.touch(document, options),
    () => documents.find({ tenant: "t" }, options),
    () => documents.namespaces({ tenant: "t" }, options),
    () => leases.acquire(address, options),
    () => maintenance.tenants(options),
    () => maintenance.expire(options),
    () => maintenance.durability(options),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "invalid-input" });
});
