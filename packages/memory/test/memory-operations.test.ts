import { describe, expect, it } from "vitest";
import type { KeyedMemory, Tier, WorkingMemory } from "../src/index.ts";
import { failure, oneStore, twoStores, user } from "./fixture.ts";

type AnyMemory = KeyedMemory | WorkingMemory;
interface Case {
  readonly name: string;
  readonly open: () => AnyMemory;
  readonly tier?: Tier;
}

const tenant = (): ReturnType<ReturnType<typeof oneStore>["memory"]["tenant"]> =>
  oneStore().memory.tenant("acme");
const tiered = (): ReturnType<typeof tenant> => twoStores().memory.tenant("acme");
const cases: readonly Case[] = [
  { name: "working memory", open: () => tenant().session("s").working },
  { name: "an agent's notes in a session", open: () => tenant().session("s").agent("a") },
  ...(["volatile", "durable", "both"] as const).flatMap((tier): Case[] => [
    { name: `an agent on one store, ${tier}`, tier, open: () => tenant().agent("a") },
    { name: `an agent on two stores, ${tier}`, tier, open: () => tiered().agent("a") },
    { name: `a user, ${tier}`, tier, open: () => tiered().user("ana") },
    { name: `an agent in a session, ${tier}`, tier, open: () => tiered().session("s").agent("a") },
  ]),
];

describe.each(cases)("$name under operation ids", ({ open, tier }) => {
  const at = (operationId?: string): object => ({
    ...(tier === undefined ? {} : { tier }),
    ...(operationId === undefined ? {} : { operationId }),
  });

  it("remembers once: a retry does not come over a later value", async () => {
    const memory = open();
    const first = await memory.remember("k", 1, { ...at("r1"), tags: ["t"] });
    const again = await memory.remember("k", 1, { ...at("r1"), tags: ["t"] });
    expect(again).toEqual(first);
    expect(await memory.recall("k")).toBe(1);
    await memory.remember("k", 2, at());
    expect((await memory.remember("k", 1, { ...at("r1"), tags: ["t"] })).version).toBe(first.version);
    expect(await memory.recall("k")).toBe(2);
    await memory.forget("k");
    await memory.remember("k", 1, { ...at("r1"), tags: ["t"] });
    expect(await memory.recall("k")).toBeUndefined();
  });

  it("updates once", async () => {
    const memory = open();
    const add = (operationId: string): Promise<unknown> =>
      memory.update("n", (n) => Number(n ?? 0) + 1, at(operationId)).then((entry) => entry?.value);
    expect(await add("u1")).toBe(1);
    expect(await add("u1")).toBe(1);
    expect(await add("u2")).toBe(2);
    expect(await add("u1")).toBe(2);
    expect(await memory.recall("n")).toBe(2);
    await memory.forget("n");
    expect(await add("u1")).toBeUndefined();
    expect(await memory.recall("n")).toBeUndefined();
  });

  it("forgets once: a retry leaves what was remembered since", async () => {
    const memory = open();
    await memory.remember("k", 1, at());
    expect(await memory.forget("k", { operationId: "f1" })).toBe(true);
    await memory.remember("k", 2, at());
    expect(await memory.forget("k", { operationId: "f1" })).toBe(true);
    expect(await memory.recall("k")).toBe(2);
  });

  it("is a conflict for another request, and changes nothing", async () => {
    const memory = open();
    await memory.remember("k", 1, at("r1"));
    for (const other of [
      () => memory.remember("k", 2, at("r1")),
      () => memory.remember("other", 1, at("r1")),
      () => memory.remember("k", 1, { ...at("r1"), tags: ["t"] }),
      () => memory.update("k", () => 3, at("r1")),
    ])
      expect((await failure(other(), "conflict")).details.conflict).toBe("operation");
    expect(await memory.recall("k")).toBe(1);
    expect(await memory.recall("other")).toBeUndefined();
  });

  it.each(["", "\0", 7, "x".repeat(2000)])("refuses the id %j", async (id) => {
    const memory = open();
    const options = { operationId: id } as never;
    for (const call of [
      () => memory.remember("k", 1, options),
      () => memory.update("k", () => 1, options),
      () => memory.forget("k", options),
    ])
      await expect(call()).rejects.toMatchObject({ code: expect.stringMatching(/invalid-input|too-large/u) });
    expect(await memory.recall("k")).toBeUndefined();
  });
});

it("an operation id of one agent is nothing to another, nor to a person", async () => {
  const acme = tenant();
  const memories = [acme.agent("a"), acme.agent("b"), acme.user("ana"), acme.agent("a").for("ana")];
  for (const [index, memory] of memories.entries()) await memory.remember("k", index, { operationId: "r1" });
  for (const [index, memory] of memories.entries()) expect(await memory.recall("k")).toBe(index);
});

it("a retry of a durable memory leaves a volatile one that was made since", async () => {
  const agent = tiered().agent("a");
  await agent.remember("k", "durable", { operationId: "r1" });
  await agent.remember("k", "volatile", { tier: "volatile" });
  await agent.remember("k", "durable", { operationId: "r1" });
  expect(await agent.recall("k")).toBe("volatile");
  const session = tiered().session("s");
  await session.append(user("hi"));
  const inSession = session.agent("a");
  await inSession.remember("k", "durable", { operationId: "r1", tier: "durable" });
  await inSession.remember("k", "note");
  await inSession.remember("k", "durable", { operationId: "r1", tier: "durable" });
  expect(await inSession.recall("k")).toBe("note");
});

it("a retry of a memory in both tiers puts no old copy over a newer durable value", async () => {
  const { memory, volatile } = twoStores();
  const agent = memory.tenant("acme").agent("a");
  await agent.remember("k", "old", { operationId: "r1", tier: "both" });
  await agent.remember("k", "new", { tier: "durable" });
  await agent.remember("k", "old", { operationId: "r1", tier: "both" });
  expect(await agent.recall("k")).toBe("new");
  expect((await volatile.documents.find({ tenant: "acme" })).items).toEqual([]);
});
