import { MemoryError } from "@relevo/core";
import { describe, expect, it } from "vitest";
import type { CopySelector, EraseReport } from "../../src/index.ts";
import { failure, oneStore, twoStores, user } from "../fixture.ts";
import { killedAt } from "./killed-at.ts";
import { of } from "./opened.ts";
import { canary, everythingIn, othersRemain, person, plant, remaining } from "./plant.ts";

describe.each([
  { stores: "one store", open: () => of(oneStore()) },
  { stores: "two stores, sessions volatile", open: () => of(twoStores("volatile")) },
  { stores: "two stores, sessions durable", open: () => of(twoStores("durable")) },
])("the erasure of a person on $stores", ({ open }) => {
  it("leaves nothing of the person and everything of others", async () => {
    const { memory, stores } = open();
    await plant(memory, stores);
    const acme = memory.tenant("acme");
    const before = await Promise.all(stores.map((store) => everythingIn(store)));
    expect(before.join()).toContain(canary);

    const planned = await acme.user(person).erase({ dryRun: true });
    expect(await Promise.all(stores.map((store) => everythingIn(store)))).toEqual(before);
    const report = await acme.user(person).erase();
    expect(report).toMatchObject({ complete: true, dryRun: false, resumed: false, held: [] });
    expect(report.removed).toMatchObject({ ...planned.removed, derived: 2 });
    expect(report.removed).toMatchObject({ sessions: 4, events: 20 });
    expect(report.outOfReach.map(({ what }) => what)).toContain("backups");

    const after = (await Promise.all(stores.map((store) => everythingIn(store)))).join();
    expect(after).not.toContain(canary);
    expect(await othersRemain(memory)).toEqual(remaining);
    expect((await acme.user(person).erase()).removed).toMatchObject({ sessions: 0, events: 0, documents: 0 });
  });

  it("refuses what is written about the person meanwhile, and takes back what was on its way", async () => {
    const { memory, stores, reopen } = open();
    await plant(memory, stores);
    const acme = memory.tenant("acme");
    const from = { user: acme.user(person), session: acme.session("chat-1") };
    await from.user.remember("before", 1);
    await from.session.append(user("before"));
    const late: Promise<unknown>[] = [];
    const refused: unknown[] = [];
    let isAsked = false;
    // Others write when the markers are set, each time the erasure makes a call.
    const meanwhile = async (): Promise<void> => {
      if (isAsked) return;
      isAsked = true;
      for (const write of [
        () => from.user.remember("meanwhile", canary),
        () => acme.user(person).remember("meanwhile", canary, { tier: "volatile" }),
        () =>
          acme
            .agent("clerk")
            .for(person)
            .update("meanwhile", () => canary, { tier: "both" }),
        () => acme.session("new", { subject: person }).append(user(canary)),
        () => acme.session("new-2", { subject: person }).working.remember("step", canary),
      ])
        refused.push(await write().catch((error) => error.details?.conflict));
    };
    const erasing = reopen((store) => ({
      ...store,
      documents: new Proxy(store.documents, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (name !== "deleteMany" || typeof method !== "function") return method;
          return async (...args: unknown[]) => {
            await meanwhile();
            return method.apply(target, args);
          };
        },
      }),
    }));
    await erasing.tenant("acme").user(person).erase();
    await Promise.all(late);
    expect(refused).toEqual(["erasure", "erasure", "erasure", "erasure", "erasure"]);
    const after = await Promise.all(stores.map((store) => everythingIn(store)));
    expect(after.join()).not.toContain(canary);

    // What began before the erasure has ended; what begins now is new.
    await failure(from.user.remember("after", canary), "history-lost");
    await failure(from.session.append(user(canary)), "history-lost");
    await failure(from.session.user.remember("after", canary), "history-lost");
    expect((await Promise.all(stores.map((store) => everythingIn(store)))).join()).not.toContain(canary);
    await acme.user(person).remember("language", "es");
    await acme.session("chat-1", { subject: person }).append(user("hello again"));
    expect(await acme.user(person).recall("language")).toBe("es");
    expect((await acme.users()).items).toContain(person);
  });

  it("finds what a writer has left who died before looking at the marker", async () => {
    const { memory, stores, reopen } = open();
    await plant(memory, stores);
    const address = { tenant: "acme", session: "left" };
    const leave = async (): Promise<void> => {
      for (const { log, documents } of stores) {
        const body = { role: "user" as const, content: canary };
        await log.append(address, [{ type: "message", body }], { init: { subject: person } });
        const namespace = ["relevo:user", person, "memory", "durable"];
        await documents.put({ tenant: "acme", namespace, key: "left" }, { value: canary });
      }
    };
    let hasLeft = false;
    const erasing = reopen((store) => ({
      ...store,
      documents: new Proxy(store.documents, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (name !== "put" || typeof method !== "function") return method;
          return async (...args: [{ namespace: readonly string[] }, { value: { running?: boolean } }]) => {
            const isEnd = args[0].namespace[0] === "relevo:erasing" && args[1].value.running === false;
            // After the last pass that looked, and before the end is written down.
            if (isEnd && !hasLeft) {
              hasLeft = true;
              await leave();
            }
            return method.apply(target, args);
          };
        },
      }),
    }));
    const report = await erasing.tenant("acme").user(person).erase();
    expect(hasLeft).toBe(true);
    expect(report.removed.sessions).toBe(4 + stores.length);
    expect((await Promise.all(stores.map((store) => everythingIn(store)))).join()).not.toContain(canary);
    expect(await othersRemain(memory)).toEqual(remaining);
  });

  it("keeps what is held, and says so", async () => {
    const { memory, stores } = open();
    await plant(memory, stores);
    const acme = memory.tenant("acme");
    const before = await Promise.all(stores.map((store) => everythingIn(store)));
    const hold = await acme.hold({ user: person }, { reason: "court order 17" });
    expect((await acme.holds()).items).toEqual([hold]);
    const report = await acme.user(person).erase();
    expect(report).toMatchObject({ complete: false, held: [hold], removed: { sessions: 0, documents: 0 } });
    expect(await acme.release({ user: person })).toBe(true);
    expect(await acme.release({ user: person })).toBe(false);
    expect(await Promise.all(stores.map((store) => everythingIn(store)))).toEqual(before);

    await acme.hold({ session: "chat-2" }, { reason: "complaint" });
    const partial = await acme.user(person).erase();
    expect(partial).toMatchObject({ complete: false, removed: { sessions: 3 } });
    expect(partial.held.map(({ reason }) => reason)).toEqual(["complaint"]);
    expect((await acme.sessions({ subject: person })).items.map(({ session }) => session)).toEqual([
      "chat-2",
    ]);
    expect(await acme.agent("clerk").recall("learned-chat-2")).toBe(canary);
    expect(await acme.agent("clerk").recall("learned-chat-1")).toBeUndefined();
    await acme.release({ session: "chat-2" });
    expect((await acme.user(person).erase()).complete).toBe(true);
    expect((await Promise.all(stores.map((store) => everythingIn(store)))).join()).not.toContain(canary);
  });

  it("leaves what is not gone yet when a hold is set while it runs", async () => {
    const { memory, stores, reopen } = open();
    await plant(memory, stores);
    const acme = memory.tenant("acme");
    let sessions = 0;
    const erasing = reopen((store) => ({
      ...store,
      log: new Proxy(store.log, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (name !== "delete" || typeof method !== "function") return method;
          return async (...args: unknown[]) => {
            if (++sessions === 2) await acme.hold({ user: person }, { reason: "late" });
            return method.apply(target, args);
          };
        },
      }),
    }));
    const report = await erasing.tenant("acme").user(person).erase();
    expect(report).toMatchObject({ complete: false, removed: { sessions: 2 } });
    expect(report.held.map(({ reason }) => reason)).toEqual(["late"]);
    expect((await acme.sessions({ subject: person })).items).not.toEqual([]);
    expect(await acme.resumeErasures()).toEqual([]);
    await acme.release({ user: person });
    expect((await acme.user(person).erase()).complete).toBe(true);
    expect((await Promise.all(stores.map((store) => everythingIn(store)))).join()).not.toContain(canary);
  });

  it("of a session takes its forks and what was learned in it", async () => {
    const { memory, stores } = open();
    await plant(memory, stores);
    const acme = memory.tenant("acme");
    const report = await acme.erase({ session: "chat-1" });
    expect(report.removed).toMatchObject({ sessions: 3, derived: 1 });
    expect((await acme.sessions({ subject: person })).items.map(({ session }) => session)).toEqual([
      "chat-2",
    ]);
    expect(await acme.agent("clerk").recall("learned-chat-1")).toBeUndefined();
    expect(await acme.agent("clerk").recall("learned-chat-2")).toBe(canary);
    expect(await acme.user(person).recall("durable")).toBe(`${canary} again`);
    expect((await acme.erase({ session: "never" })).removed.sessions).toBe(0);
  });

  it("of a namespace takes what is below it and nothing beside it", async () => {
    const { memory, stores } = open();
    const [store] = stores;
    for (const namespace of [["crm", "1"], ["crm", "1", "notes"], ["crm", "10"], ["crm"]])
      await store?.documents.put({ tenant: "acme", namespace, key: "k" }, { value: canary });
    expect((await memory.tenant("acme").erase({ namespace: ["crm", "1"] })).removed.documents).toBe(2);
    const { items } = (await store?.documents.find({ tenant: "acme" }, { namespacePrefix: ["crm"] })) ?? {
      items: [],
    };
    expect(items.map(({ namespace }) => namespace)).toEqual([["crm"], ["crm", "10"]]);
  });

  it("empties indexes before the stores and after, and is not over as long as one fails", async () => {
    const { memory, stores, reopen } = open();
    await plant(memory, stores);
    const asked: CopySelector[] = [];
    const gone: CopySelector[] = [];
    let calls = 0;
    const index = {
      async remove(tenant: string, selector: CopySelector) {
        expect(tenant).toBe("acme");
        if (++calls < 30 && calls % 4 === 3)
          throw new MemoryError("unavailable", "The index cannot be reached.");
        asked.push(selector);
        const session = "session" in selector ? selector.session : "none";
        const heads = await Promise.all(stores.map(({ log }) => log.head({ tenant, session })));
        if (heads.every((head) => head === undefined)) gone.push(selector);
        return 1;
      },
    };
    const acme = reopen((store) => store, [index]).tenant("acme");
    await failure(acme.user(person).erase(), "unavailable");
    let reports: readonly EraseReport[] = [];
    for (let tries = 0; reports.length === 0; tries++) {
      expect(tries).toBeLessThan(40);
      reports = await acme.resumeErasures().catch(() => []);
    }
    expect(reports[0]).toMatchObject({ resumed: true, complete: true });
    const learned = { namespacePrefix: ["relevo", "agents", "durable", "clerk"], key: "learned-chat-2" };
    for (const selector of [
      { namespacePrefix: ["relevo:user", person] },
      { session: "chat-1" },
      { session: "chat-2" },
      { session: "fork-1" },
      { session: "fork-2" },
      learned,
    ])
      expect(asked).toContainEqual(selector);
    expect(gone.length).toBeGreaterThan(0);
    expect((await Promise.all(stores.map((store) => everythingIn(store)))).join()).not.toContain(canary);
  });

  it("is refused when it would take everything by accident", async () => {
    const { memory, stores } = open();
    await plant(memory, stores);
    const acme = memory.tenant("acme");
    const before = await Promise.all(stores.map((store) => everythingIn(store)));
    for (const selector of [
      undefined,
      null,
      {},
      [],
      "juan",
      { user: undefined },
      { user: "" },
      { user: "a\0b" },
      { user: 7 },
      { user: person, session: "chat-1" },
      { session: undefined },
      { session: "" },
      { namespace: undefined },
      { namespace: [] },
      { namespace: [""] },
      { namespace: "crm" },
      { namespace: ["relevo"] },
      { namespace: ["relevo:user", person] },
      { usr: person },
      { tenant: "other" },
      new (class {
        user = person;
      })(),
    ])
      await failure(acme.erase(selector as never), "invalid-input");
    for (const selector of [
      undefined,
      {},
      { user: undefined },
      { user: "a", session: "b" },
      { namespace: ["a"] },
    ]) {
      await failure(acme.hold(selector as never, { reason: "x" }), "invalid-input");
      await failure(acme.release(selector as never), "invalid-input");
    }
    for (const options of [undefined, {}, { reason: "" }, { reason: undefined }, { reason: 7 }])
      await failure(acme.hold({ user: person }, options as never), "invalid-input");
    for (const dryRun of ["no", 0, null])
      await failure(acme.user(person).erase({ dryRun } as never), "invalid-input");
    await failure(acme.user(person).erase({ signal: AbortSignal.abort() }), "aborted");
    expect(await Promise.all(stores.map((store) => everythingIn(store)))).toEqual(before);
  });
});

describe("an erasure", () => {
  // Before each call: `kills.slow.test.ts`.
  it("that is killed goes on where it ended", async () => {
    for (let killAt = 1; await killedAt(of(twoStores("durable")), killAt); killAt += 11);
  });

  it("ends a sealed session, and one that others go on writing to", async () => {
    const { memory, stores } = of(oneStore());
    await plant(memory, stores);
    const [store] = stores;
    const log = store?.log as unknown as { seal(address: object): Promise<unknown> };
    await log.seal({ tenant: "acme", session: "chat-1" });
    await memory.tenant("acme").user(person).erase();
    expect(store && (await everythingIn(store))).not.toContain(canary);
  });

  it("goes over more sessions, events and documents than fit on one page", async () => {
    const { memory, stores } = of(oneStore());
    const acme = memory.tenant("acme");
    for (let number = 0; number < 105; number++)
      await acme.session(undefined, { subject: person }).append(user(canary));
    const long = acme.session("long", { subject: person });
    for (let part = 0; part < 3; part++) await long.append(Array.from({ length: 700 }, () => user(canary)));
    await long.trim({ beforeSeq: 51 });
    for (let number = 0; number < 210; number++) {
      await long.working.remember(`step-${number}`, canary);
      await acme.user(person).remember(`fact-${number}`, canary);
      await long.agent("clerk").remember(`lesson-${number}`, canary, { tier: "durable" });
    }
    const { removed } = await acme.user(person).erase();
    expect(removed).toMatchObject({ sessions: 106, events: 105 + 2050, sessionDocuments: 210 });
    // With the one that makes the person known.
    expect(removed.documents).toBe(421);
    const [store] = stores;
    expect(store && (await everythingIn(store))).not.toContain(canary);
    expect((await acme.users()).items).toEqual([]);
  });

  it("by two processes at once ends in both", async () => {
    const { memory, stores, reopen } = of(oneStore());
    await plant(memory, stores);
    const one = memory.tenant("acme").user(person);
    const two = reopen((store) => store)
      .tenant("acme")
      .user(person);
    const reports: readonly EraseReport[] = await Promise.all([one.erase(), two.erase()]);
    expect(reports[0]?.id).toBe(reports[1]?.id);
    const [store] = stores;
    expect(store && (await everythingIn(store))).not.toContain(canary);
    expect(await othersRemain(memory)).toEqual(remaining);
  });

  it("leaves a record that does not tell whose data it was", async () => {
    const { memory, stores } = of(oneStore());
    await plant(memory, stores);
    const { id } = await memory.tenant("acme").user(person).erase();
    const { items } = (await stores[0]?.documents.find(
      { tenant: "acme" },
      { namespacePrefix: ["relevo", "erasures"] },
    )) ?? { items: [] };
    expect(items.map(({ key }) => key)).toEqual([id]);
    expect(JSON.stringify(items)).not.toContain(person);
  });
});
