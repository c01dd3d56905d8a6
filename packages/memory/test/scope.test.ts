import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { MemoryError } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { createMemory, currentSession } from "../src/index.ts";
import { failure, oneStore, texts, user } from "./fixture.ts";

describe("currentSession", () => {
  it("is the session of the run around the code, and nothing outside", async () => {
    const session = oneStore().memory.tenant("acme").session();
    expect(currentSession()).toBeUndefined();
    const result = await session.run(async () => {
      await turnOfTheLoop();
      expect(currentSession()).toBe(session);
      return "done";
    });
    expect(result).toBe("done");
    expect(currentSession()).toBeUndefined();
  });

  it("is restored after a nested run, also when it throws", async () => {
    const acme = oneStore().memory.tenant("acme");
    const [outer, inner] = [acme.session("outer"), acme.session("inner")];
    await outer.run(async () => {
      await inner.run(async () => {
        await turnOfTheLoop();
        expect(currentSession()).toBe(inner);
      });
      expect(currentSession()).toBe(outer);
      expect(() =>
        inner.run(() => {
          throw new Error("no");
        }),
      ).toThrow("no");
      expect(currentSession()).toBe(outer);
    });
  });

  it("is its own in each of many concurrent flows", async () => {
    const acme = oneStore().memory.tenant("acme");
    const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
    await Promise.all(
      ids.map((id) =>
        acme.session(id).run(async () => {
          for (let step = 0; step < 3; step++) {
            await turnOfTheLoop();
            await currentSession()?.append(user(`${id}-${step}`));
          }
        }),
      ),
    );
    for (const id of ids) {
      expect(texts(await acme.session(id).messages())).toEqual([`${id}-0`, `${id}-1`, `${id}-2`]);
    }
  });
});

describe("await using", () => {
  it.each([
    { onDispose: undefined, messages: 1, working: 1 },
    { onDispose: "keep", messages: 1, working: 1 },
    { onDispose: "clear-working", messages: 1, working: undefined },
    { onDispose: "delete", messages: 0, working: undefined },
  ] as const)("with onDispose $onDispose does exactly that, also after an exception", async (expected) => {
    const acme = oneStore().memory.tenant("acme");
    const use = async (id: string, fail: boolean): Promise<void> => {
      const { onDispose } = expected;
      await using session = acme.session(id, onDispose === undefined ? {} : { onDispose });
      await session.run(async () => {
        await currentSession()?.append(user("x"));
        await currentSession()?.working.remember("step", 1);
      });
      if (fail) throw new Error("the agent failed");
    };
    await use("good", false);
    await expect(use("bad", true)).rejects.toThrow("the agent failed");
    for (const id of ["good", "bad"]) {
      expect(await acme.session(id).messages()).toHaveLength(expected.messages);
      expect(await acme.session(id).working.recall("step")).toBe(expected.working);
    }
  });

  it("touches nothing when the session was never used or is gone, and runs once", async () => {
    const acme = oneStore().memory.tenant("acme");
    for (const onDispose of ["clear-working", "delete"] as const) {
      await using unused = acme.session("unused", { onDispose });
      expect(unused.id).toBe("unused");
    }
    expect((await acme.sessions()).items).toEqual([]);
    for (const onDispose of ["clear-working", "delete"] as const) {
      const session = acme.session("chat", { onDispose });
      await session.append(user("x"));
      await session.delete();
      await acme.session("chat").append(user("successor"));
      await acme.session("chat").working.remember("step", 1);
      await session[Symbol.asyncDispose]();
      await session[Symbol.asyncDispose]();
      expect(texts(await acme.session("chat").messages())).toEqual(["successor"]);
      expect(await acme.session("chat").working.recall("step")).toBe(1);
      await acme.session("chat").delete();
    }
  });
});

describe("a closed memory", () => {
  it("refuses every call and leaves the store open", async () => {
    const { memory, store } = oneStore();
    const acme = memory.tenant("acme");
    const session = acme.session("chat");
    await session.append(user("x"));
    {
      await using scoped = memory;
      expect(scoped).toBe(memory);
    }
    await memory.close();
    expect(() => memory.tenant("acme")).toThrow("closed");
    await failure(session.append(user("y")), "closed");
    await failure(session.messages(), "closed");
    await failure(session.working.recall("k"), "closed");
    await failure(acme.agent("a").recall("k"), "closed");
    await failure(acme.agent("a").remember("k", 1), "closed");
    await failure(acme.sessions(), "closed");
    await failure(acme.context({ agent: "a" }), "closed");
    expect(await store.log.head(session.address)).toMatchObject({ version: 1 });
  });
});

describe("a disposal that failed", () => {
  it("can be tried again", async () => {
    const { store, clock } = oneStore();
    let isDown = true;
    const log = Object.assign(Object.create(store.log), {
      delete: async (...call: Parameters<typeof store.log.delete>) => {
        if (isDown) throw new MemoryError("unavailable", "Down.");
        return store.log.delete(...call);
      },
    });
    const { limits, documents } = store;
    const acme = createMemory({ store: { limits, documents, log }, clock }).tenant("acme");
    const session = acme.session("chat", { onDispose: "delete" });
    await session.append(user("1"));
    await failure((async () => session[Symbol.asyncDispose]())(), "unavailable");
    isDown = false;
    await session[Symbol.asyncDispose]();
    expect(await acme.session("chat").head()).toBeUndefined();
  });
});
