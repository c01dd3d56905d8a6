import type { JsonValue } from "@relevo/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemory, diffValues, type KeyedMemory, type Tenant } from "../../src/index.ts";
import { everythingIn } from "../erasure/plant.ts";
import { failure, oneStore, storyCount, twoStores, user } from "../fixture.ts";

const all = { agents: 5, users: 5, workspaces: 5 } as const;
const secret = "zQcanaryX7";

async function valuesOf(memory: KeyedMemory, key = "k"): Promise<readonly JsonValue[]> {
  return (await memory.history(key)).map(({ value }) => value);
}

function open(history: object = all): ReturnType<typeof oneStore> & { readonly acme: Tenant } {
  const fixture = oneStore({ history });
  return { ...fixture, acme: fixture.memory.tenant("acme") };
}

describe("the history of a value", () => {
  it("has the values before it, newest first, with who wrote them, when, why and where", async () => {
    const { acme, clock } = open();
    const session = acme.session("chat");
    await session.append(user("hi"));
    const clerk = session.agent("clerk");
    const first = await clerk.remember(
      "k",
      { n: 1 },
      {
        tier: "durable",
        reason: "the customer said so",
        tags: ["b", "a"],
        category: "facts",
        metadata: { source: "call" },
      },
    );
    clock.advance(1_000);
    await acme.agent("clerk").update("k", () => ({ n: 2 }), { tier: "both", reason: "recount" });
    await acme.agent("clerk").remember("k", { n: 3 });
    const past = await acme.agent("clerk").history("k");
    expect(past).toMatchObject([
      { key: "k", value: { n: 2 }, by: "clerk", reason: "recount", category: "facts", session: "chat" },
      {
        key: "k",
        value: { n: 1 },
        version: first.version,
        at: first.updatedAt,
        by: "clerk",
        session: "chat",
        reason: "the customer said so",
        tags: ["a", "b"],
        category: "facts",
        metadata: { source: "call" },
      },
    ]);
    expect(past[0]?.metadata).toEqual({ source: "call" });
    expect(await clerk.history("k", { limit: 1 })).toHaveLength(1);
    // A note of the session has no history, and takes the reason.
    await clerk.remember("note", 1, { reason: "for now" });
    await clerk.update("note", () => 2, { reason: "for now" });
    expect(await clerk.history("note")).toEqual([]);
    // What is there now says why, too, and nothing of how it is kept.
    expect(await acme.agent("clerk").entry("k")).toMatchObject({ value: { n: 3 }, tags: [], metadata: {} });
    await acme.agent("clerk").remember("k", 4, { reason: "last" });
    expect(await acme.agent("clerk").entry("k")).toMatchObject({ reason: "last" });
  });

  it("is kept of the kinds that are asked for, of durable values, and as many as were asked for", async () => {
    const { acme, store } = open({ workspaces: 3 });
    const leads = acme.workspace("leads");
    for (const memory of [leads, acme.agent("clerk"), acme.user("ana"), acme.agent("clerk").for("ana")]) {
      for (let n = 0; n < 30; n++) await memory.remember("k", n);
      for (let n = 0; n < 3; n++) await memory.remember("v", n, { tier: "volatile" });
      expect(await valuesOf(memory, "v")).toEqual([]);
      expect(await valuesOf(memory)).toEqual(memory === leads ? [28, 27, 26] : []);
    }
    // A few more may be there, which nobody is shown.
    const kept = await store.documents.find({ tenant: "acme" }, { namespacePrefix: ["relevo:workspace"] });
    expect(kept.items.length).toBeLessThanOrEqual(3 + 8 + 3);
    expect(await valuesOf(leads, "nothing")).toEqual([]);
  });

  it("is what a list of values would be, whatever is done in which order", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("remember" as const), value: fc.nat(9) }),
      fc.record({ kind: fc.constant("update" as const), value: fc.nat(9) }),
      fc.record({ kind: fc.constant("many" as const), value: fc.nat(9) }),
      fc.record({ kind: fc.constant("revert" as const), value: fc.nat(5) }),
      fc.record({ kind: fc.constant("forget" as const), value: fc.nat(9) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { acme } = open({ workspaces: 4 });
        const leads = acme.workspace("leads");
        let values: JsonValue[] = [];
        for (const { kind, value } of steps) {
          const past = await leads.history("k");
          if (kind === "remember") await leads.remember("k", value, { tier: "both" });
          if (kind === "update") await leads.update("k", () => value);
          if (kind === "many")
            await leads.rememberMany([
              { key: "k", value },
              { key: `other-${value}`, value },
            ]);
          if (kind === "forget") await leads.forget("k");
          const target = past[value];
          if (kind === "revert" && target !== undefined) await leads.revert("k", target.version);
          const written = kind === "revert" ? target?.value : value;
          if (kind === "forget") values = [];
          else if (written !== undefined) values.push(written);
          expect(await leads.recall("k")).toBe(values.at(-1));
          expect(await valuesOf(leads)).toEqual(values.slice(0, -1).reverse().slice(0, 4));
        }
      }),
      { numRuns: storyCount(25) },
    );
  });

  it("has every value once when several write at the same time", async () => {
    const { acme } = open({ agents: 100 });
    const clerk = acme.agent("clerk");
    await Promise.all(
      Array.from({ length: 6 }, async (_, writer) => {
        for (let n = 0; n < 5; n++)
          await clerk.update("k", () => `${writer}-${n}`, { attempts: 50, random: () => 0.1 });
      }),
    );
    const past = await clerk.history("k", { limit: 100 });
    const values = new Set([...past.map(({ value }) => value), await clerk.recall("k")]);
    expect(past).toHaveLength(29);
    expect(values.size).toBe(30);
    const versions = past.map(({ version }) => version);
    expect(versions).toEqual([...versions].sort((left, right) => right - left));
  });

  it("is bounded in the store, however values are written", async () => {
    const { acme, store } = open({ workspaces: 2, agents: 2 });
    const leads = acme.workspace("leads");
    for (let n = 0; n < 40; n++) {
      await leads.rememberMany([
        { key: "a", value: n },
        { key: "b", value: n },
      ]);
      await acme.agent("clerk").update("c", () => n);
    }
    expect(await valuesOf(leads, "a")).toEqual([38, 37]);
    const { items } = await store.documents.find({ tenant: "acme" }, { limit: 1000 });
    // Of each of the three keys: itself, two values, and what the next pruning removes.
    expect(items.length).toBeLessThan(3 * (1 + 2 + 8));
  });

  it("takes values as large as they may be, and many at once as far as one write goes", async () => {
    const { acme } = open({ workspaces: 2 });
    const leads = acme.workspace("leads");
    const large = "x".repeat(8 * 1024 * 1024 - 2);
    for (const value of [large, "small", large]) await leads.remember("k", value);
    expect(await leads.history("k")).toHaveLength(2);
    const many = Array.from({ length: 501 }, (_, index) => ({ key: `${index}`, value: index }));
    const error = await failure(leads.rememberMany(many), "too-large");
    expect(error.message).toBe("entries passes the limit batchItems of 500: it has 501.");
    expect((await leads.rememberMany(many.slice(1))).length).toBe(500);
    // An import writes in parts that fit, also where each replaces a large value.
    const parts = Array.from({ length: 9 }, (_, index) => ({ key: `large-${index}`, value: large }));
    expect(await leads.import(parts)).toEqual({ imported: 9, unchanged: 0 });
    const small = parts.map(({ key }, index) => ({ key, value: index }));
    expect(await leads.import(small)).toEqual({ imported: 9, unchanged: 0 });
    expect(await leads.history("large-8")).toMatchObject([{ value: large }]);
  });

  it("holds a value once under an operation id", async () => {
    const { acme } = open();
    const clerk = acme.agent("clerk");
    await clerk.remember("k", 1, { operationId: "a" });
    await clerk.remember("k", 2, { operationId: "b" });
    await clerk.remember("k", 2, { operationId: "b" });
    await clerk.remember("k", 1, { operationId: "a" });
    await clerk.update("k", () => 3, { operationId: "c" });
    await clerk.update("k", () => 9, { operationId: "c" });
    const [{ version = 0 } = {}] = await clerk.history("k");
    await clerk.revert("k", version, { operationId: "d" });
    await clerk.revert("k", version, { operationId: "d" });
    expect(await clerk.recall("k")).toBe(2);
    expect(await valuesOf(clerk)).toEqual([3, 2, 1]);
  });
});

describe("what is in the history", () => {
  it("is found by nothing but it, and is no entry, agent or person", async () => {
    const { acme } = open();
    const clerk = acme.agent("clerk");
    for (const value of [secret, "now"])
      await clerk.remember("k", value, { tags: [value], category: value === secret ? "old" : "new" });
    expect((await clerk.entries({ text: secret })).items).toEqual([]);
    expect((await clerk.entries({ tags: { any: [secret] } })).items).toEqual([]);
    expect((await clerk.entries({ category: "old" })).items).toEqual([]);
    expect((await clerk.entries()).items).toHaveLength(1);
    expect((await acme.agents()).items).toEqual(["clerk"]);
    const { durable } = await acme.context({ agent: "clerk" });
    expect(JSON.stringify(durable)).not.toContain(secret);
    await acme.user("ana").remember("k", secret);
    await acme.user("ana").remember("k", "now");
    expect((await acme.users()).items).toEqual(["ana"]);
  });

  it("is forgotten with the value, and a late retry of that forgets nothing new", async () => {
    const { acme, store } = open();
    for (const memory of [acme.agent("clerk"), acme.user("ana"), acme.workspace("leads")]) {
      await memory.remember("k", secret, { metadata: { secret } });
      await memory.remember("k", "x", { tier: "both" });
      await memory.remember("stays", 1);
      await memory.remember("stays", 2);
      expect(await memory.forget("k", { operationId: "f" })).toBe(true);
      expect(await valuesOf(memory)).toEqual([]);
      await memory.remember("k", 1);
      await memory.remember("k", 2);
      await memory.forget("k", { operationId: "f" });
      expect(await valuesOf(memory)).toEqual([1]);
      expect(await valuesOf(memory, "stays")).toEqual([1]);
    }
    expect(await everythingIn(store)).not.toContain(secret);
  });

  it("is erased with the person, and with each whom an old value comes from", async () => {
    const { acme, store } = open();
    const juan = acme.session("juans", { subject: "juan" });
    await juan.append(user("hi"));
    await juan.user.remember("k", secret);
    await juan.agent("clerk").remember("k", secret, { tier: "both" });
    await acme
      .workspace("leads")
      .as({ agent: "clerk", session: juan })
      .remember("k", secret)
      .catch(() => undefined);
    await acme.workspace("leads").grant({ agent: "clerk" }, "read-write");
    await acme.workspace("leads").as({ agent: "clerk", session: juan }).remember("k", secret);
    for (const memory of [acme.user("juan"), acme.agent("clerk"), acme.workspace("leads")])
      await memory.remember("k", "harmless");
    const planned = await acme.user("juan").erase({ dryRun: true });
    const report = await acme.user("juan").erase();
    expect(report.removed.documents).toBe(planned.removed.documents);
    expect(await everythingIn(store)).not.toContain(secret);

    await acme.workspace("leads").remember("k", secret);
    await acme.workspace("leads").remember("k", "harmless");
    await acme.erase({ workspace: "leads" });
    expect(await everythingIn(store)).not.toContain(secret);
  });

  it("goes by retention when it is old, whatever is in its place, unless it is held or pinned", async () => {
    const { acme, clock, store } = open();
    const juan = acme.session("chat", { subject: "juan" });
    await juan.append(user("hi"));
    const clerk = acme.agent("clerk");
    await juan.agent("clerk").remember("k", "of juan", { tier: "durable" });
    await clerk.remember("pin", secret, { tags: ["pinned"] });
    await clerk.remember("a", "old");
    await acme.agent("other").remember("a", "old of another");
    clock.advance(10_000);
    await clerk.remember("a", "younger");
    for (const [agent, key] of [
      ["clerk", "k"],
      ["clerk", "pin"],
      ["clerk", "a"],
      ["other", "a"],
    ] as const)
      await acme.agent(agent).remember(key, "now");
    await acme.hold({ user: "juan" }, { reason: "court" });
    const retention = acme.retention([{ agents: { agent: "clerk", olderThanMs: 5_000 } }]);
    expect(await retention.plan()).toMatchObject({ documents: 1, held: 1 });
    expect(await retention.apply()).toMatchObject({ documents: 1, held: 1, skipped: 0 });
    expect(await valuesOf(clerk, "a")).toEqual(["younger"]);
    expect(await valuesOf(clerk, "k")).toEqual(["of juan"]);
    expect(await valuesOf(clerk, "pin")).toEqual([secret]);
    expect(await valuesOf(acme.agent("other"), "a")).toEqual(["old of another"]);
    await acme.release({ user: "juan" });
    await acme.retention([{ agents: { olderThanMs: 5_000 } }]).apply();
    expect(await valuesOf(clerk, "k")).toEqual([]);
    expect(await valuesOf(acme.agent("other"), "a")).toEqual([]);
    expect(await clerk.recall("k")).toBe("now");
    // And with its value, pinned or not.
    clock.advance(10_000);
    await acme.retention([{ agents: { olderThanMs: 5_000 } }]).apply();
    expect(await everythingIn(store)).not.toMatch(/younger|zQcanaryX7/u);
  });

  it("lives no longer than it was to live, nor than what replaced it", async () => {
    const { acme, clock } = open();
    const clerk = acme.agent("clerk");
    await clerk.remember("short", 1, { ttlMs: 10_000 });
    await clerk.remember("short", 2);
    await clerk.remember("long", 1);
    await clerk.remember("long", 2, { ttlMs: 10_000 });
    expect(await valuesOf(clerk, "short")).toEqual([1]);
    clock.advance(10_001);
    expect(await clerk.recall("short")).toBe(2);
    expect(await valuesOf(clerk, "short")).toEqual([]);
    await clerk.remember("long", 3);
    expect(await valuesOf(clerk, "long")).toEqual([]);
  });

  it("keeps the value also when what stands beside it has no room", async () => {
    const { acme } = open();
    const clerk = acme.agent("clerk");
    const tags = Array.from({ length: 64 }, (_, index) => `${index}`.padEnd(1024, "x"));
    await clerk.remember("k", 1, { tags, metadata: { small: true } });
    await clerk.remember("k", 2, { metadata: { large: "x".repeat(65_400) } });
    await clerk.remember("k", 3);
    expect(await clerk.history("k")).toMatchObject([
      { value: 2, metadata: {} },
      { value: 1, tags: [], metadata: { small: true } },
    ]);
  });

  it("is that of each process that keeps one, also when another did not", async () => {
    const { acme, store, clock } = open();
    const plain = createMemory({ store, clock }).tenant("acme").agent("clerk");
    const clerk = acme.agent("clerk");
    await plain.remember("k", 0);
    await clerk.remember("k", 1);
    await clerk.remember("k", 2);
    expect(await valuesOf(clerk)).toEqual([1, 0]);
    expect(await valuesOf(plain)).toEqual([1, 0]);
    await plain.forget("k");
    expect(await everythingIn(store)).not.toContain("relevo:version");
  });
});

describe("diff and revert", () => {
  it("say what changed, and write a past value as a new one", async () => {
    const { acme } = open();
    const leads = acme.workspace("leads");
    const one = await leads.remember(
      "k",
      { name: "Ana", size: 10, tags: ["a", "b"] },
      { category: "hot", tags: ["t"] },
    );
    const two = await leads.remember("k", { name: "Ana", city: "Lima", tags: ["a"] });
    expect(await leads.diff("k", one.version)).toEqual([
      { path: ["size"], before: 10 },
      { path: ["tags", 1], before: "b" },
      { path: ["city"], after: "Lima" },
    ]);
    expect(await leads.diff("k", two.version, one.version)).toHaveLength(3);
    expect(await leads.diff("k", two.version, two.version)).toEqual([]);
    const three = await leads.revert("k", one.version, { reason: "it was a mistake" });
    expect(three).toMatchObject({
      value: one.value,
      category: "hot",
      tags: ["t"],
      reason: "it was a mistake",
    });
    expect(three.version).toBeGreaterThan(two.version);
    expect(await leads.diff("k", one.version)).toEqual([]);
    await leads.revert("k", two.version);
    expect(await leads.entry("k")).toMatchObject({ reason: `revert to version ${two.version}` });
    expect((await leads.history("k")).map(({ version }) => version)).toEqual([
      three.version,
      two.version,
      one.version,
    ]);
  });

  it("are not-found for what is not kept, and bad input for what is no version", async () => {
    const { acme } = open();
    const clerk = acme.agent("clerk");
    const { version } = await clerk.remember("k", 1);
    await failure(clerk.revert("k", version), "not-found");
    await failure(clerk.revert("none", 1), "not-found");
    await failure(clerk.diff("k", version + 1), "not-found");
    await failure(clerk.diff("none", 1), "not-found");
    for (const bad of [0, -1, 1.5, "1", null, undefined] as never[]) {
      await failure(clerk.revert("k", bad), "invalid-input");
      await failure(clerk.diff("k", bad), "invalid-input");
      if (bad !== undefined) {
        await failure(clerk.diff("k", version, bad), "invalid-input");
        await failure(clerk.history("k", { limit: bad }), "invalid-input");
      }
    }
    await failure(clerk.history("k", { limit: 101 }), "invalid-input");
    for (const history of [7, { agents: 0 }, { agents: 101 }, { agents: "5" }, { sessions: 5 }])
      expect(() => open(history as object)).toThrow(expect.objectContaining({ code: "invalid-input" }));
    expect(await clerk.recall("k")).toBe(1);
  });

  it("need the access that reading and writing need", async () => {
    const { acme } = open();
    const leads = acme.workspace("leads");
    const one = await leads.remember("k", 1);
    await leads.remember("k", 2);
    const clerk = leads.as({ agent: "clerk" });
    await failure(clerk.history("k"), "denied");
    await failure(clerk.diff("k", one.version), "denied");
    await leads.grant({ agent: "clerk" }, "read");
    expect(await valuesOf(clerk)).toEqual([1]);
    await failure(clerk.revert("k", one.version), "denied");
    await leads.grant({ agent: "clerk" }, "read-write");
    await clerk.revert("k", one.version);
    await clerk.remember("k", 3);
    expect((await leads.history("k")).map(({ by }) => by)).toEqual(["clerk", undefined, undefined]);
  });

  it("name every difference once: what they say turns one value into the other", () => {
    const value = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
    fc.assert(
      fc.property(value, value, (before, after) => {
        let made: JsonValue | undefined = structuredClone(before);
        for (const { path, after: now } of diffValues(before, after)) made = changed(made, path, now);
        expect(withoutHoles(made)).toEqual(after);
        expect(diffValues(after, structuredClone(after))).toEqual([]);
      }),
    );
  });
});

const gone = Symbol("gone");

/** The value with another one at this place. */
function changed(
  value: JsonValue | undefined,
  [step, ...rest]: readonly (string | number)[],
  now: JsonValue | undefined,
): JsonValue | undefined {
  if (step === undefined) return now === undefined ? (gone as never) : now;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, JsonValue>;
  const own = Object.hasOwn(copy, step) ? copy[step] : undefined;
  Object.defineProperty(copy, step, {
    value: changed(own, rest, now),
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return copy as unknown as JsonValue;
}

function withoutHoles(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value))
    return value.filter((one) => (one as unknown) !== gone).map((one) => withoutHoles(one) as JsonValue);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, one]) => (one as unknown) !== gone);
  return Object.fromEntries(kept.map(([name, one]) => [name, withoutHoles(one) as JsonValue]));
}

it("what cannot be removed of the history is reported, and the value is written", async () => {
  const { durableFaults, errors, durable, volatile, clock } = twoStores("durable");
  const memory = createMemory({
    durable,
    volatile,
    sessions: "durable",
    clock,
    history: { agents: 1 },
    onError: (error) => errors.push(error),
  });
  const clerk = memory.tenant("acme").agent("clerk");
  for (let n = 0; n < 2; n++) await clerk.remember("k", n);
  durableFaults.failing.add("find");
  await clerk.remember("k", 2);
  expect(errors).toMatchObject([{ code: "unavailable" }]);
  expect(await clerk.recall("k")).toBe(2);
  expect(await valuesOf(clerk)).toEqual([1]);
});
