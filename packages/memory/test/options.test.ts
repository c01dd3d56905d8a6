import { createUuidGenerator, MemoryError } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { createMemory, type MemoryOptions } from "../src/index.ts";
import { failure, oneStore, user } from "./fixture.ts";

const { store } = oneStore();

describe("createMemory", () => {
  it.each([
    ["nothing", undefined, "options"],
    ["no store", {}, "options.store"],
    ["null as store", { store: null }, "options.store"],
    ["something else as store", { store: { log: {}, documents: {} } }, "options.store"],
    ["one store and two", { store, volatile: store }, "options"],
    ["only one tier", { volatile: store, sessions: "volatile" }, "options.durable"],
    ["tiers without a place for sessions", { volatile: store, durable: store }, "options.sessions"],
    [
      "an unknown place for sessions",
      { volatile: store, durable: store, sessions: "both" },
      "options.sessions",
    ],
    ["an unknown option", { store, veiw: {} }, "options.veiw"],
    ["a clock that is none", { store, clock: {} }, "options.clock"],
    ["ids that are none", { store, ids: { nxt: () => "1" } }, "options.ids"],
    ["a view that is none", { store, view: "window" }, "options.view"],
    ["an unknown limit", { store, limits: { size: 1 } }, "limits.size"],
    ["a limit of zero", { store, limits: { idBytes: 0 } }, "limits.idBytes"],
    ["a lifetime of zero", { store, volatileTtlMs: 0 }, "volatileTtlMs"],
    ["an onError that is none", { store, onError: true }, "options.onError"],
    ["a random that is none", { store, random: 0.5 }, "options.random"],
  ])("refuses %s and names the option", (_, options, field) => {
    let error: unknown;
    try {
      createMemory(options as unknown as MemoryOptions);
    } catch (caught) {
      error = caught;
    }
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect((error as MemoryError).details.field).toBe(field);
  });

  it("uses the clock, the ids and the lifetime it is given", async () => {
    const { clock, memory } = oneStore({ ids: { next: () => "fixed" }, volatileTtlMs: null });
    const session = memory.tenant("acme").session();
    expect(session.id).toBe("fixed");
    await session.append(user("x"));
    expect((await session.messages())[0]).toMatchObject({ id: "fixed", at: clock.now() });
    const entry = await memory.tenant("acme").agent("a").remember("k", 1, { tier: "volatile" });
    expect(entry.expiresAt).toBeUndefined();
    expect(createUuidGenerator(clock).next()).not.toBe("fixed");
  });

  it("enforces tighter limits than the store's before the store is called", async () => {
    const { memory } = oneStore({ limits: { idBytes: 8, valueBytes: 200, batchItems: 2 } });
    expect(() => memory.tenant("123456789")).toThrow("idBytes");
    const acme = memory.tenant("acme");
    expect(() => acme.agent("123456789")).toThrow("idBytes");
    const session = acme.session("chat", { metadata: {} });
    await failure(session.append(user("x".repeat(201))), "too-large");
    await failure(session.append([user("1"), user("2"), user("3")]), "too-large");
    await failure(session.working.remember("k", "x".repeat(201)), "too-large");
    await failure(acme.agent("a").remember("k", "x".repeat(201)), "too-large");
    expect(await session.head()).toBeUndefined();
  });

  it("warns of background failures when nobody asked to hear of them", async () => {
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    const { limits, log, documents } = store;
    const leases = {
      acquire: async () => ({
        fence: 1,
        expiresAt: 0,
        renew: () => Promise.reject(new Error("unused")),
        release: () => Promise.reject(new Error("the lease could not be released")),
      }),
      holder: async () => undefined,
    };
    const memory = createMemory({ store: { limits, log, documents, leases } });
    await memory
      .tenant("acme")
      .session()
      .turn(async () => 1);
    expect((await warned).message).toContain("could not be released");
  });
});

const badIds: readonly unknown[] = ["", "a\0b", "\ud800", 7, null, {}, "x".repeat(2_000)];

describe("bad input", () => {
  it.each(badIds)("%j is no tenant, session, agent or key", async (bad) => {
    const { memory } = oneStore();
    const id = bad as string;
    const refused = (call: () => unknown): void => {
      let error: unknown;
      try {
        call();
      } catch (caught) {
        error = caught;
      }
      expect(MemoryError.isInstance(error)).toBe(true);
    };
    refused(() => memory.tenant(id));
    const acme = memory.tenant("acme");
    refused(() => acme.session(id));
    refused(() => acme.agent(id));
    refused(() => acme.session("chat").agent(id));
    refused(() => acme.session("chat", { subject: id }));
    refused(() => acme.session("chat", { incarnation: id }));
    for (const call of [
      () => acme.agent("a").remember(id, 1),
      () => acme.agent("a").remember(id, 1, { tier: "volatile" }),
      () => acme.agent("a").recall(id),
      () => acme.agent("a").forget(id),
      () => acme.agent("a").update(id, () => 1),
      () => acme.session("chat").working.remember(id, 1),
      () => acme.session("chat").working.recall(id),
      () => acme.session("chat").append(user("x"), { operationId: id }),
    ]) {
      await expect(call()).rejects.toSatisfy((error) => MemoryError.isInstance(error));
    }
    expect((await acme.sessions()).items).toEqual([]);
    expect((await acme.agent("a").entries()).items).toEqual([]);
  });

  it.each([
    { metadata: [] },
    { metadata: { a: new Date(0) } },
    { ttlMs: 0 },
    { ttlMs: "1h" },
    { onDispose: "archive" },
    { subjct: "ana" },
    "chat",
    null,
  ])("%j are no session options", (options) => {
    const acme = oneStore().memory.tenant("acme");
    expect(() => acme.session("chat", options as never)).toThrow(MemoryError);
  });

  it.each([
    undefined,
    null,
    "hola",
    7,
    [null],
    ["hola"],
    [],
    {},
    { role: "user" },
    { type: "x-a" },
    { type: "message" },
  ])("%j cannot be appended", async (input) => {
    const session = oneStore().memory.tenant("acme").session();
    await failure(session.append(input as never), "invalid-input");
    expect(await session.head()).toBeUndefined();
  });

  it.each([
    { tier: "cold" },
    { ttlMs: -1 },
    { tags: "x" },
    { tags: [""] },
    { metadata: "x" },
    { metadata: { "relevo:copy-of": 1 } },
    { expectedVersion: -1 },
  ])("%j are no options of remember", async (options) => {
    const acme = oneStore().memory.tenant("acme");
    await failure(acme.agent("a").remember("k", 1, options as never), "invalid-input");
    await failure(
      acme
        .session("s")
        .agent("a")
        .remember("k", 1, options as never),
      "invalid-input",
    );
    expect(await acme.agent("a").recall("k")).toBeUndefined();
  });

  it.each([undefined, Number.NaN, () => 1, new Map(), 1n])(
    "a value of %s cannot be remembered",
    async (value) => {
      const acme = oneStore().memory.tenant("acme");
      await failure(acme.agent("a").remember("k", value as never), "invalid-input");
      await failure(acme.session("s").working.remember("k", value as never), "invalid-input");
    },
  );

  it.each([{ limit: 0 }, { limit: 1.5 }, { direction: "up" }, { agent: "" }])(
    "%j are no options of messages",
    async (options) => {
      await failure(
        oneStore()
          .memory.tenant("acme")
          .session()
          .messages(options as never),
        "invalid-input",
      );
    },
  );

  it.each([undefined, 3, ["1"], [0], [{ from: 2, to: 1 }]])("seqs %j cannot be erased", async (seqs) => {
    await failure(
      oneStore()
        .memory.tenant("acme")
        .session()
        .erase({ seqs } as never),
      "invalid-input",
    );
  });
});
