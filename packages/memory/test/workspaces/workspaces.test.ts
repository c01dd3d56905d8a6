import { describe, expect, it } from "vitest";
import type { KeyedValue, SharedMemory, Tenant, Workspace } from "../../src/index.ts";
import { of } from "../erasure/opened.ts";
import { everythingIn } from "../erasure/plant.ts";
import { failure, oneStore, twoStores, user } from "../fixture.ts";

async function keysOf(memory: SharedMemory, options: object = {}): Promise<readonly string[]> {
  return (await memory.entries(options)).items.map(({ key }) => key);
}

/** Every call of a workspace, by what it needs. */
const calls: {
  readonly [Access in "read" | "read-write"]: readonly ((on: SharedMemory) => Promise<unknown>)[];
} = {
  read: [
    (on) => on.recall("k"),
    (on) => on.entry("k"),
    (on) => on.entries(),
    (on) => on.categories(),
    (on) => on.history("k"),
  ],
  "read-write": [
    (on) => on.remember("k", 1),
    (on) => on.remember("k", 1, { tier: "volatile" }),
    (on) => on.rememberMany([{ key: "k", value: 1 }]),
    (on) => on.update("k", () => 1),
    (on) => on.forget("k"),
    (on) => on.import([{ key: "k", value: 1 }]),
  ],
};

describe.each([
  { stores: "one store", open: () => of(oneStore()) },
  { stores: "two stores", open: () => of(twoStores("durable")) },
])("a workspace on $stores", ({ open }) => {
  const opened = (): { readonly acme: Tenant; readonly leads: Workspace } & ReturnType<typeof open> => {
    const all = open();
    const acme = all.memory.tenant("acme");
    return { ...all, acme, leads: acme.workspace("leads") };
  };

  it("is one memory for all who use it, by category, metadata and words", async () => {
    const { acme, leads } = opened();
    await leads.remember("ana", { name: "Ana" }, { category: "hot", metadata: { city: "Lima", size: 200 } });
    await leads.remember("bob", { name: "Bob" }, { category: "hot", metadata: { city: "Quito", size: 10 } });
    await leads.remember("eva", { name: "Eva" }, { category: "cold", tags: ["vip"], tier: "both" });
    await leads.remember("kim", { name: "Kim" });
    await acme.workspace("other").remember("ana", 1, { category: "warm" });
    expect(await keysOf(leads, { category: "hot" })).toEqual(["ana", "bob"]);
    expect(await keysOf(leads, { category: "hot", tags: { any: ["vip"] } })).toEqual([]);
    const isLarge = { path: ["metadata", "size"], $gte: 100 };
    expect(await keysOf(leads, { category: "hot", where: isLarge })).toEqual(["ana"]);
    expect(await keysOf(leads, { where: { path: ["metadata", "city"], $eq: "Quito" } })).toEqual(["bob"]);
    expect(await keysOf(leads, { text: "kim" })).toEqual(["kim"]);
    expect((await leads.categories()).items).toEqual(["cold", "hot"]);
    expect(await leads.entry("eva")).toMatchObject({ category: "cold", tags: ["vip"], metadata: {} });
    // An update keeps the category, another remember does not.
    await leads.update("eva", () => "x", { tier: "durable" });
    expect(await leads.entry("eva", { tier: "durable" })).toMatchObject({ category: "cold" });
    await leads.remember("eva", "x");
    expect((await leads.categories()).items).toEqual(["hot"]);
    expect((await acme.workspaces({ limit: 1 })).items).toEqual(["leads"]);
    expect((await acme.workspaces()).items).toEqual(["leads", "other"]);
  });

  it("remembers several values, all or none, once under an operation id", async () => {
    const { leads } = opened();
    await leads.remember("a", 0, { tier: "both" });
    const entries: readonly KeyedValue[] = [
      { key: "a", value: 1, category: "x", tags: ["t"], metadata: { m: 1 } },
      { key: "b", value: 2, ttlMs: 60_000 },
    ];
    const stored = await leads.rememberMany(entries, { operationId: "o" });
    expect(stored).toMatchObject([
      { key: "a", value: 1, tier: "durable", category: "x", tags: ["t"], metadata: { m: 1 } },
      { key: "b", value: 2, expiresAt: expect.any(Number) },
    ]);
    expect(await leads.recall("a")).toBe(1);
    await leads.remember("a", 7);
    await leads.rememberMany(entries, { operationId: "o" });
    expect(await leads.recall("a")).toBe(7);
    await failure(leads.rememberMany([{ key: "a", value: 3 }], { operationId: "o" }), "conflict");
    for (const bad of [
      [],
      "ab",
      [
        { key: "c", value: 1 },
        { key: "c", value: 2 },
      ],
      [
        { key: "c", value: 1 },
        { key: "", value: 2 },
      ],
      [
        { key: "c", value: 1 },
        { key: "d", value: () => 1 },
      ],
      [
        { key: "c", value: 1 },
        { key: "d", value: 1, other: 1 },
      ],
      [
        { key: "c", value: 1 },
        { key: "d", value: 1, tags: ["relevo:x"] },
      ],
      [
        { key: "c", value: 1 },
        { key: "d", value: 1, category: 7 },
      ],
      [{ key: "c", value: 1 }, null],
    ])
      expect((await failure(leads.rememberMany(bad as never), "invalid-input")).message).toMatch(
        /^entries\b/u,
      );
    const many = Array.from({ length: 1001 }, (_, index) => ({ key: `${index}`, value: 1 }));
    await failure(leads.rememberMany(many), "too-large");
    expect(await keysOf(leads)).toEqual(["a", "b"]);
  });

  it("is for its owner alone until access is granted, and what is refused is recorded", async () => {
    const { leads } = opened();
    await leads.remember("k", 0, { category: "c" });
    const clerk = leads.as({ agent: "clerk" });
    for (const access of ["read", "read-write"] as const)
      for (const call of calls[access]) {
        const { message, details } = await failure(call(clerk), "denied");
        expect(details).toEqual({ workspace: "leads", access });
        expect(message).toContain("leads");
      }
    expect(await leads.recall("k")).toBe(0);
    const refusals = (await leads.refusals()).items;
    expect(refusals).toHaveLength(2);
    for (const access of ["read", "read-write"] as const)
      expect(refusals.find((one) => one.access === access)).toMatchObject({
        by: { agent: "clerk" },
        count: calls[access].length,
      });
  });

  it("has no method that forgets to ask, and shows an actor nothing by any other way", async () => {
    const { memory, acme, leads } = opened();
    const canary = "zQcanaryX7";
    await leads.remember(canary, canary, { tags: [canary], category: canary, metadata: { canary } });
    const clerk = leads.as({ agent: "clerk", roles: ["sales"] });
    const names = new Set<string>();
    for (
      let one: object | null = clerk;
      one !== null && one !== Object.prototype;
      one = Object.getPrototypeOf(one)
    )
      for (const name of Object.getOwnPropertyNames(one))
        if (name !== "constructor" && typeof Reflect.get(clerk, name) === "function") names.add(name);
    const given: { readonly [name: string]: readonly unknown[] } = {
      remember: [canary, 1],
      rememberMany: [[{ key: canary, value: 1 }]],
      update: [canary, () => 1],
      import: [[{ key: canary, value: 1 }]],
      entries: [],
      categories: [],
      diff: [canary, 1],
      revert: [canary, 1],
    };
    for (const name of names) {
      const method = Reflect.get(clerk, name) as (...args: unknown[]) => Promise<unknown>;
      await failure(method.apply(clerk, [...(given[name] ?? [canary])]), "denied");
    }
    expect(names.size).toBeGreaterThan(10);
    expect(await leads.recall(canary)).toBe(canary);
    await acme.session("chat").append(user("Hola"));
    const session = acme.session("chat");
    const agent = acme.agent("clerk");
    const partner = memory.tenant("partner");
    const seen: unknown[] = [
      await acme.context({ session, agent: "clerk" }),
      [await agent.entries(), await agent.performance(), await agent.history(canary)],
      [await acme.workspace("other").entries(), await acme.workspace("other").categories()],
      [await partner.workspace("leads").entries(), await partner.workspaces(), await partner.agents()],
    ];
    for (const tenant of [partner, acme])
      for await (const line of tenant.export(tenant === partner ? {} : { session: "chat" })) seen.push(line);
    for await (const line of acme.export({ workspace: "lead" })) seen.push(line);
    expect(JSON.stringify(seen)).not.toContain(canary);
  });

  it("takes no more of an import when its grant was revoked", async () => {
    const { leads } = opened();
    await leads.grant({ agent: "clerk" }, "read-write");
    async function* entries(): AsyncGenerator<KeyedValue> {
      for (let count = 0; count < 250; count++) {
        if (count === 150) await leads.revoke({ agent: "clerk" });
        yield { key: String(count).padStart(3, "0"), value: count };
      }
    }
    await failure(leads.as({ agent: "clerk" }).import(entries()), "denied");
    expect((await keysOf(leads, { limit: 1000 })).length).toBe(100);
    expect((await leads.refusals()).items).toMatchObject([{ by: { agent: "clerk" }, access: "read-write" }]);
  });

  it("is read and written as far as an agent or a role was granted, until that is revoked", async () => {
    const { acme, leads } = opened();
    await leads.remember("k", 0);
    expect(await leads.grant({ agent: "clerk" }, "read")).toMatchObject({
      to: { agent: "clerk" },
      access: "read",
    });
    const clerk = leads.as({ agent: "clerk" });
    for (const call of calls.read) await call(clerk);
    for (const call of calls["read-write"]) await failure(call(clerk), "denied");
    // Of several grants the most counts.
    await leads.grant({ role: "sales" }, "read-write");
    const seller = leads.as({ agent: "clerk", roles: ["night shift", "sales"] });
    for (const access of ["read", "read-write"] as const)
      for (const call of calls[access]) await call(seller);
    await failure(leads.as({ roles: ["night shift"] }).recall("k"), "denied");
    // An agent's name is no role, and a workspace no other one.
    await failure(leads.as({ agent: "sales" }).recall("k"), "denied");
    await failure(acme.workspace("other").as({ agent: "clerk" }).recall("k"), "denied");
    expect((await leads.grants()).items).toHaveLength(2);
    expect(await leads.revoke({ role: "sales" })).toBe(true);
    expect(await leads.revoke({ role: "sales" })).toBe(false);
    await failure(seller.remember("k", 1), "denied");
    await seller.recall("k");
    await leads.grant({ agent: "clerk" }, "read-write");
    await clerk.remember("k", 2);
  });

  it("is shared with another tenant by a grant alone, and nothing else of it is", async () => {
    const { memory, acme, leads } = opened();
    await leads.remember("k", "of acme");
    const partner = memory.tenant("partner");
    const shared = partner.sharedWorkspace("acme", "leads");
    expect([shared.tenant, shared.name]).toEqual(["acme", "leads"]);
    await failure(shared.recall("k"), "denied");
    await leads.grant({ agent: "partner" }, "read-write");
    await failure(shared.recall("k"), "denied");
    await leads.grant({ tenant: "partner" }, "read");
    expect(await shared.recall("k")).toBe("of acme");
    await failure(shared.remember("k", "x"), "denied");
    await failure(partner.sharedWorkspace("acme", "other").recall("k"), "denied");
    await failure(memory.tenant("third").sharedWorkspace("acme", "leads").recall("k"), "denied");
    expect((await partner.workspaces()).items).toEqual([]);
    // Whoever asks for what is not there makes nothing.
    expect((await acme.workspaces()).items).toEqual(["leads"]);
    expect((await acme.workspace("other").refusals()).items).toEqual([]);
    expect(await partner.workspace("leads").recall("k")).toBeUndefined();
    await leads.grant({ tenant: "partner" }, "read-write");
    await shared.remember("k", "of both");
    expect(await leads.recall("k")).toBe("of both");
    await leads.revoke({ tenant: "partner" });
    await failure(shared.recall("k"), "denied");
    expect((await acme.workspace("leads").refusals()).items.map(({ by }) => by)).toContainEqual({
      tenant: "third",
    });
  });

  it("takes documents in from a list or a stream, and a second run changes nothing", async () => {
    const { leads } = opened();
    const entries = Array.from({ length: 250 }, (_, index) => ({
      key: `lead-${index}`,
      value: { name: `Lead ${index}` },
      category: index % 2 === 0 ? "even" : "odd",
      tags: ["b", "a"],
      metadata: { index },
    }));
    async function* stream(until = entries.length): AsyncGenerator<KeyedValue> {
      yield* entries.slice(0, until);
      if (until < entries.length) throw new TypeError("The source broke.");
    }
    await expect(leads.import(stream(130))).rejects.toThrow("The source broke.");
    expect(await leads.import(stream())).toEqual({ imported: 150, unchanged: 100 });
    const before = await leads.entry("lead-7");
    expect(await leads.import(entries)).toEqual({ imported: 0, unchanged: 250 });
    expect(await leads.entry("lead-7")).toEqual(before);
    const [first] = entries;
    if (first === undefined) return;
    for (const change of [{ value: 1 }, { category: "other" }, { tags: ["a"] }, { metadata: {} }])
      expect(await leads.import([{ ...first, ...change }])).toEqual({ imported: 1, unchanged: 0 });
    // As if each were remembered by itself.
    expect(await leads.import([first, { key: first.key, value: "later" }])).toMatchObject({ imported: 2 });
    expect(await leads.recall(first.key)).toBe("later");
    for (const bad of [undefined, null, 7, {}]) await failure(leads.import(bad as never), "invalid-input");
    for (const bad of [undefined, null, 7, "k", [], {}])
      await failure(leads.import([first, bad] as never), "invalid-input");
    await failure(leads.import([first, 7 as never]), "invalid-input");
    let isRead = false;
    async function* watched(): AsyncGenerator<KeyedValue> {
      isRead = true;
      yield { key: "x", value: 1 };
    }
    await failure(leads.as({ agent: "nobody" }).import(watched()), "denied");
    expect(isRead).toBe(false);
  });

  it("goes with all that is in it, and an entry with the person whose session it comes from", async () => {
    const { acme, leads, stores } = opened();
    const session = acme.session("chat", { subject: "juan" });
    await session.append(user("hi"));
    await leads.grant({ agent: "clerk" }, "read-write");
    await leads
      .as({ agent: "clerk", session })
      .remember("juan", "zQcanaryX7", { tier: "both", category: "c" });
    await leads.as({ agent: "clerk" }).update("juan", (value) => `${value}!`, { tier: "both" });
    await leads.as({ agent: "clerk", session }).rememberMany([{ key: "more", value: "zQcanaryX7" }]);
    await leads.remember("stays", 1);
    await acme.user("juan").erase();
    expect((await Promise.all(stores.map((store) => everythingIn(store)))).join()).not.toContain(
      "zQcanaryX7",
    );
    expect(await keysOf(leads)).toEqual(["stays"]);
    await acme.workspace("leads-2").remember("k", 1);
    await leads
      .as({ agent: "nobody" })
      .recall("k")
      .catch(() => undefined);
    const planned = await acme.erase({ workspace: "leads" }, { dryRun: true });
    expect((await acme.erase({ workspace: "leads" })).removed.documents).toBe(planned.removed.documents);
    expect((await acme.workspaces()).items).toEqual(["leads-2"]);
    expect((await leads.grants()).items).toEqual([]);
    expect((await leads.refusals()).items).toEqual([]);
    await failure(acme.erase({ workspace: "" }), "invalid-input");
    await failure(acme.erase({ namespace: ["relevo:workspace", "leads-2"] }), "invalid-input");
  });

  it("refuses grants to nobody, and actors who are nobody", async () => {
    const { memory, acme, leads } = opened();
    for (const to of [
      undefined,
      {},
      { agent: undefined },
      { agent: "" },
      { agent: "a", role: "b" },
      { user: "a" },
      { tenant: "acme" },
      "clerk",
    ]) {
      await failure(leads.grant(to as never, "read"), "invalid-input");
      await failure(leads.revoke(to as never), "invalid-input");
    }
    for (const access of [undefined, "", "write", "READ", 1])
      await failure(leads.grant({ agent: "a" }, access as never), "invalid-input");
    const foreign = memory.tenant("other").session("chat");
    for (const actor of [
      undefined,
      {},
      { roles: [] },
      { agent: "" },
      { roles: "sales" },
      { roles: ["a", 7] },
      { roles: Array.from({ length: 33 }, (_, index) => `${index}`) },
      { agent: "a", session: foreign },
      { agent: "a", session: "chat" },
      { name: "a" },
    ])
      expect(() => leads.as(actor as never), JSON.stringify(actor)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/invalid-input|too-large/u) }),
      );
    for (const name of ["", "a\0b", 7, undefined])
      expect(() => acme.workspace(name as never)).toThrow(expect.objectContaining({ code: "invalid-input" }));
    expect(() => acme.sharedWorkspace("", "leads")).toThrow(
      expect.objectContaining({ code: "invalid-input" }),
    );
    expect((await leads.grants()).items).toEqual([]);
    expect((await acme.workspaces()).items).toEqual([]);
  });
});

it("a refusal that cannot be recorded is a refusal all the same", async () => {
  const { memory, durableFaults, errors } = twoStores("durable");
  const leads = memory.tenant("acme").workspace("leads");
  await leads.remember("k", 1);
  durableFaults.failing.add("put");
  await failure(leads.as({ agent: "clerk" }).recall("k"), "denied");
  expect(errors).toMatchObject([{ code: "unavailable" }]);
  // And a grant that cannot be looked up is none.
  durableFaults.failing.add("getMany");
  await failure(leads.as({ agent: "clerk" }).recall("k"), "unavailable");
});
