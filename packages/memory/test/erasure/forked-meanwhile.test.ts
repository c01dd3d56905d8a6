import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createMemory } from "../../src/index.ts";
import { texts, user } from "../fixture.ts";

/** The store of one who erases, with `meanwhile` done by another process just before the first events are erased. */
function interrupted(store: MemoryStore, meanwhile: () => Promise<unknown>): MemoryStore {
  let isDone = false;
  const log = new Proxy(store.log, {
    get(target, name) {
      if (name !== "erase") return Reflect.get(target, name);
      return async (...args: Parameters<typeof target.erase>) => {
        const isFirst = !isDone;
        isDone = true;
        if (isFirst) await meanwhile();
        return await target.erase(...args);
      };
    },
  });
  return { ...store, log };
}

/** A session, a fork of it that a crash has kept from being made, and who completes it in the middle of an erasure. */
async function open() {
  const store = createMemoryStore();
  const session = createMemory({ store }).tenant("acme").session("chat", { subject: "ana" });
  await session.append([user("secret"), user("other")]);
  await store.documents.put(
    { tenant: "acme", session: "chat", namespace: ["relevo", "forks"], key: "f" },
    { value: { at: 2 } },
  );
  const erasing = createMemory({ store: interrupted(store, () => session.fork({ id: "f" })) }).tenant("acme");
  return { store, erasing, fork: createMemory({ store }).tenant("acme").session("f") };
}

it("events are erased in a fork that is completed while they are erased", async () => {
  const { store, erasing, fork } = await open();
  const result = await erasing.session("chat").erase({ seqs: [{ from: 1, to: 1 }] });
  expect(result.forks).toEqual([{ session: "f", erased: [1] }]);
  expect(texts(await fork.messages())).toEqual(["other"]);
  await store.close();
});

it("a fork that is completed while its session is erased goes too", async () => {
  const { store, erasing } = await open();
  expect(await erasing.erase({ session: "chat" })).toMatchObject({
    complete: true,
    removed: { sessions: 2 },
  });
  expect(await store.log.head({ tenant: "acme", session: "f" })).toBeUndefined();
  await store.close();
});
