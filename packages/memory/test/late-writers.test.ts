import { createManualClock } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type MemoryStore } from "../src/index.ts";
import { failure, texts, user } from "./fixture.ts";

/** The store, which calls `meanwhile` once before its log's method is called. */
function interrupting(
  store: MemoryStore,
  method: "delete" | "unseal",
  meanwhile: () => Promise<unknown>,
): MemoryStore {
  let isDone = false;
  const log = new Proxy(store.log, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (name !== method || typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        if (!isDone) {
          isDone = true;
          await meanwhile();
        }
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  const { limits, documents, leases } = store;
  return { limits, log, documents, ...(leases && { leases }) };
}

describe("a process that slept just before its delete", () => {
  it("deletes no session in a turn that another holder has taken over", async () => {
    const store = createMemoryStore({ clock: createManualClock(), sweepIntervalMs: 0 });
    await using there = createMemory({ store });
    const takeOver = async (): Promise<void> => {
      const session = there.tenant("acme").session("chat");
      await session.turn(async (turn) => turn.append(user("second")), { whenBusy: "take-over" });
    };
    await using here = createMemory({ store: interrupting(store, "delete", takeOver), onError: () => {} });
    const session = here.tenant("acme").session("chat");
    await session.append(user("first"));
    const error = await failure(
      session.turn((turn) => turn.delete()),
      "conflict",
    );
    expect(error.details.conflict).toBe("fence");
    expect(texts(await there.tenant("acme").session("chat").messages())).toEqual(["first", "second"]);
  });

  it("removes no imported session that another import has completed meanwhile", async () => {
    await using from = createMemoryStore({ clock: createManualClock(), sweepIntervalMs: 0 });
    const source = createMemory({ store: from }).tenant("acme");
    // More than an import writes at once.
    const said = Array.from({ length: 700 }, (_, index) => `message ${index}`);
    await source.session("chat").append(said.map((text) => user(text)));
    const whole: string[] = [];
    for await (const line of source.export()) whole.push(line);
    // A session that ends while it is exported is not wanted by halves: its import is taken back.
    const half: string[] = [];
    for await (const line of source.export()) {
      half.push(line);
      if (line.includes("message 550")) await source.session("chat").delete();
    }
    expect(half.join("")).toContain('"kind":"ended"');

    const store = createMemoryStore({ clock: createManualClock(), sweepIntervalMs: 0 });
    await using there = createMemory({ store });
    const complete = async (): Promise<void> => {
      await there.tenant("acme").import(whole);
      await there.tenant("acme").session("chat").append(user("used"));
    };
    await using here = createMemory({ store: interrupting(store, "delete", complete) });
    await here.tenant("acme").import(half);
    const found = await there.tenant("acme").session("chat").messages({ limit: 1000 });
    expect(texts(found)).toEqual([...said, "used"]);
  });

  it("takes no fork for unfinished that another process has just completed and uses", async () => {
    const store = createMemoryStore({ clock: createManualClock(), sweepIntervalMs: 0 });
    const [copied, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using there = createMemory({
      store: interrupting(store, "unseal", async () => {
        copied.resolve();
        await resumed.promise;
      }),
    });
    await using here = createMemory({
      store: interrupting(store, "delete", async () => {
        resumed.resolve();
        await (await forking).append(user("used"));
      }),
    });
    const parent = there.tenant("acme").session("chat");
    await parent.append(user("first"));
    const forking = parent.fork({ id: "branch" });
    await copied.promise;
    const fork = await here.tenant("acme").session("chat").fork({ id: "branch" });
    expect(texts(await fork.messages())).toEqual(["first", "used"]);
  });
});
