import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createMemory } from "../../src/index.ts";
import { texts, twoStores, user } from "../fixture.ts";

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

it("who takes the id of a fork that is gone is nobody's fork", async () => {
  const { memory } = twoStores();
  const acme = memory.tenant("acme");
  const session = acme.session("chat", { subject: "ana" });
  await session.append([user("1"), user("2")]);
  for (const id of ["kept", "gone"]) await session.fork({ id });
  await acme.session("gone").delete();
  const stranger = acme.session("gone", { subject: "bob" });
  await stranger.append([user("Bob's 1"), user("Bob's 2")]);
  expect((await session.forks()).items).toEqual(["kept"]);
  expect((await session.erase({ seqs: [1] })).forks).toEqual([{ session: "kept", erased: [1] }]);
  let text = "";
  for await (const line of acme.export({ session: "chat" })) text += line;
  expect(text).not.toContain("Bob's");
  await acme.archive("chat", { forks: true });
  expect((await acme.archived()).items.map(({ session }) => session)).toEqual(["chat", "kept"]);
  await acme.restore("chat");
  expect((await session.forks()).items).toEqual(["kept"]);
  const { removed } = await acme.user("ana").erase();
  expect([removed.sessions, texts(await stranger.messages())]).toEqual([2, ["Bob's 1", "Bob's 2"]]);
});

it("sessions that say to be forks of each other end an erasure all the same", async () => {
  const { memory, volatile } = twoStores();
  const acme = memory.tenant("acme");
  const heads = [];
  for (const id of ["a", "b"]) {
    await acme.session(id).append(user(id));
    heads.push(await acme.session(id).head());
  }
  for (const [index, id] of ["a", "b"].entries()) {
    const other = heads[1 - index];
    const origin = { session: other?.session ?? "", incarnation: other?.incarnation ?? "", at: 1 };
    await volatile.log.touch({ tenant: "acme", session: id }, { metadata: { "relevo:forked-from": origin } });
    const link = { tenant: "acme", session: origin.session, namespace: ["relevo", "forks"], key: id };
    await volatile.documents.put(link, { value: { at: 1 } });
  }
  const { forks } = await acme.session("a").erase({ seqs: [1] });
  expect(forks?.map(({ session }) => session)).toEqual(["b", "a"]);
  expect((await acme.erase({ session: "a" })).complete).toBe(true);
  expect((await acme.sessions()).items).toEqual([]);
});
