import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { createMemory, type MemoryStore } from "../src/index.ts";
import { assistant, oneStore, texts, user } from "./fixture.ts";

/** The store, with what happens to these calls noted: when one is made, and when it is answered, in a later turn. */
function noting(
  store: MemoryStore,
  failing = false,
): { readonly store: MemoryStore; readonly notes: string[] } {
  const notes: string[] = [];
  const watch = <Port extends object>(port: Port, method: string): Port =>
    new Proxy(port, {
      get(target, name) {
        const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        if (name !== method) return typeof call === "function" ? call.bind(target) : call;
        return async (...args: unknown[]) => {
          notes.push(`${method} asked`);
          if (failing) throw new Error(`${method} failed`);
          const result = await call.apply(target, args);
          await setImmediate();
          notes.push(`${method} answered`);
          return result;
        };
      },
    });
  const { log, documents } = store;
  return { store: { ...store, log: watch(log, "read"), documents: watch(documents, "find") }, notes };
}

it("the conversation of a bounded context is read with the other parts", async () => {
  const { store: opened, clock } = oneStore();
  const acme = createMemory({ store: opened, clock }).tenant("acme");
  await acme.session("s", { subject: "ana" }).append([user("one"), assistant("two")]);
  await acme.agent("clerk").remember("style", "brief");
  const { store, notes } = noting(opened);
  const context = await createMemory({ store, clock })
    .tenant("acme")
    .context({ session: "s", agent: "clerk", maxTokens: 1000 });
  expect(texts(context.volatile.messages)).toEqual(["one", "two"]);
  expect(context.durable.agent).toMatchObject([{ value: "brief" }]);
  expect(context.budget?.tokens).toBeLessThanOrEqual(1000);
  expect(notes.indexOf("read asked")).toBeLessThan(notes.indexOf("find answered"));
  expect(notes.filter((note) => note === "read asked")).toHaveLength(1);
});

it("a context of which everything fails is one error, and leaves no other behind", async () => {
  const { store: opened, clock } = oneStore();
  const acme = createMemory({ store: opened, clock }).tenant("acme");
  await acme.session("s").append(user("one"));
  const { store } = noting(opened, true);
  const failing = createMemory({ store, clock }).tenant("acme");
  await expect(failing.context({ session: "s", agent: "clerk", maxTokens: 1000 })).rejects.toThrow("failed");
  // What nobody waits for would be reported by now.
  await setImmediate();
});

it("a bound that is not known yet is a view's bound, and one that fails is its failure", async () => {
  const { memory } = oneStore();
  const session = memory.tenant("acme").session("s");
  await session.append([user("one"), assistant("two"), user("three")]);
  const counter = { name: "one", countText: () => 1, countMessage: () => 1 };
  const within = Promise.resolve({ maxTokens: 1, counter });
  expect(texts((await session.view({ within })).messages)).toEqual(["three"]);
  await expect(session.view({ within: Promise.resolve({ maxTokens: 0 }) })).rejects.toThrow("maxTokens");
  await expect(session.view({ within: Promise.reject(new Error("no bound")) })).rejects.toThrow("no bound");
});
