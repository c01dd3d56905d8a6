import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { MemoryError, type Store, type SummaryRequest } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AnswerPiece,
  createMemory,
  type Memory,
  type MemoryOptions,
  type MemoryStore,
  type Session,
  type Tenant,
  type TenantStats,
} from "../../src/index.ts";
import { plantCase, textOf } from "../archive/interrupted.ts";
import { killedAt } from "../erasure/killed-at.ts";
import type { Opened } from "../erasure/opened.ts";
import { everythingIn, othersRemain, type Plot, person, plant, remaining } from "../erasure/plant.ts";
import { assistant, failure, pieces, texts, user } from "../fixture.ts";
import { countEverything } from "../stats/reference.ts";
import type { OpenedStore, StoreKind } from "./stores.ts";

/** One store, or two tiers and in which of them sessions live. */
export type Arrangement =
  | { readonly store: StoreKind }
  | {
      readonly volatile: StoreKind;
      readonly durable: StoreKind;
      readonly sessions: "volatile" | "durable";
    };

/** Fails every call while it is down. */
interface Switch {
  down: boolean;
}

export interface SuiteOptions {
  /** Opened once for each place; closed by whoever gave it. */
  readonly open: (kind: StoreKind, place: number) => Promise<OpenedStore>;
  /** An erasure is killed before every so many calls; not at all when left out. */
  readonly killStep?: number;
  /** Only what other tests do not show on stores in the process: what is found from outside. */
  readonly brief?: boolean;
}

/** What a memory promises on every arrangement of stores. */
export function describeArrangement(
  arrangement: Arrangement,
  { open: openStore, killStep, brief = false }: SuiteOptions,
): void {
  const kinds = "store" in arrangement ? [arrangement.store] : [arrangement.volatile, arrangement.durable];
  const name =
    "store" in arrangement
      ? arrangement.store
      : `${arrangement.volatile} and ${arrangement.durable}, sessions ${arrangement.sessions}`;

  describe(name, () => {
    const opened: OpenedStore[] = [];
    const memories: Memory[] = [];
    beforeAll(async () => {
      for (const [place, kind] of kinds.entries()) opened.push(await openStore(kind, place));
    });

    // Timers of their caches would come in the middle of another file's tests.
    afterAll(async () => {
      for (const memory of memories) await memory.close();
    });

    const memoryOf = (stores: readonly MemoryStore[], options: Partial<MemoryOptions> = {}): Memory => {
      const [first, second] = stores;
      const memory = createMemory(
        ("store" in arrangement
          ? { store: first, ...options }
          : {
              volatile: first,
              durable: second,
              sessions: arrangement.sessions,
              ...options,
            }) as MemoryOptions,
      );
      memories.push(memory);
      return memory;
    };
    const open = (): Opened => {
      const stores = opened.map(({ store }) => store);
      return {
        memory: memoryOf(stores),
        stores,
        reopen: (wrap, indexes) => memoryOf(stores.map(wrap), { indexes }),
      };
    };
    const newPlot = (): Plot => {
      const id = randomUUID();
      return { tenant: `t-${id}`, elsewhere: `e-${id}`, canary: `zQ${id.slice(0, 8)}X` };
    };
    const dump = async ({ tenant, elsewhere }: Plot): Promise<string> => {
      const stores = opened.map(({ store }) => store);
      const seen = await Promise.all(stores.map((store) => everythingIn(store, [tenant, elsewhere])));
      return [...seen, ...(await Promise.all(opened.map((one) => one.dump())))].join("\n");
    };

    it("erases a person so that nothing is found, from outside either", async () => {
      const { memory, stores } = open();
      const plot = newPlot();
      await plant(memory, stores, plot);
      for (const one of opened) {
        const outside = await one.dump();
        if (outside !== "") expect(outside).toContain(plot.canary);
      }
      // Another process, which has a session in its cache.
      const elsewhere = memoryOf(stores, { cache: true }).tenant(plot.tenant);
      expect((await elsewhere.session("chat-1").view()).messages).not.toEqual([]);
      const report = await memory.tenant(plot.tenant).user(person).erase();
      expect((await elsewhere.session("chat-1").view()).messages).toEqual([]);
      expect(report).toMatchObject({ complete: true, removed: { sessions: 4, derived: 2 } });
      expect(await dump(plot)).not.toContain(plot.canary);
      expect(await othersRemain(memory, plot)).toEqual(remaining);
    });

    if (brief) return;

    it("keeps people apart, and lists them and their sessions", async () => {
      const { memory } = open();
      const { tenant } = newPlot();
      const acme = memory.tenant(tenant);
      for (const tier of ["volatile", "durable", "both"] as const) {
        await acme.user("ana").remember(tier, "of ana", { tier });
        await acme.agent("clerk").for("bob").remember(tier, "of bob", { tier });
        expect(await acme.user("ana").update(tier, (value) => `${value}!`, { tier })).toMatchObject({
          value: "of ana!",
        });
        expect(await acme.user("ana").recall(tier)).toBe("of ana!");
        expect(await acme.user("bob").recall(tier)).toBeUndefined();
        expect(await acme.agent("clerk").for("ana").recall(tier)).toBeUndefined();
        expect(await acme.agent("clerk").for("bob").recall(tier)).toBe("of bob");
      }
      for (const id of ["b", "c", "a"]) await acme.session(id, { subject: "eva" }).append(user(id));
      await acme.session("b").append(user("again"));
      const newest = { order: "updated", direction: "backward" } as const;
      const order: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await acme.user("eva").sessions({ ...newest, limit: 1, cursor });
        order.push(...page.items.map(({ session }) => session));
        cursor = page.cursor;
      } while (cursor !== undefined);
      // Those of one millisecond are in the order of their ids.
      const heads = (await acme.sessions({ limit: 10 })).items;
      const updated = new Map(heads.map((head) => [head.session, head.updatedAt]));
      expect([...order].sort()).toEqual(["a", "b", "c"]);
      const times = order.map((id) => updated.get(id) ?? 0);
      expect(times).toEqual([...times].sort((left, right) => right - left));
      const users: string[] = [];
      do {
        const page = await acme.users({ limit: 2, cursor });
        users.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(users).toEqual(["ana", "bob", "eva"]);
      expect((await acme.agents()).items).toEqual(["clerk"]);
    });

    it("runs a turn once, leaves no half answer of one that died, and rewrites and forks the story", async () => {
      const { memory, reopen } = open();
      const { tenant } = newPlot();
      const session = memory.tenant(tenant).session("chat", { subject: "eva" });
      const asks = { operationId: "request-1", request: { question: "why" } };
      const dying = await session.beginTurn(asks);
      await dying.session.append([user("why"), assistant("half")]);
      await dying.abandon();
      const answer = (from: Memory): Promise<string> =>
        from
          .tenant(tenant)
          .session("chat")
          .turn(async (turn) => {
            await turn.append(user("why"), { operationId: "question" });
            turn.appendAtEnd({ ...assistant("because"), id: "answer" });
            return "because";
          }, asks);
      const elsewhere = reopen((store) => store);
      expect(await Promise.all([answer(memory), answer(elsewhere)])).toEqual(["because", "because"]);
      expect(texts(await session.messages())).toEqual(["why", "because"]);
      await failure(
        session.turn(async () => "", { ...asks, request: "other" }),
        "conflict",
      );

      await session.replaceFrom("answer", [assistant("better"), { ...user("and?"), id: "and" }]);
      const fork = await session.fork({ id: "fork" });
      await session.retract({ ids: ["and"] });
      expect(texts(await session.messages())).toEqual(["why", "better"]);
      expect(texts(await fork.messages())).toEqual(["why", "better", "and?"]);
      expect(await fork.origin()).toMatchObject({ session: "chat" });
      const { forks = [] } = await session.erase({ ids: ["and"] });
      expect(forks.map(({ session }) => session)).toEqual(["fork"]);
      expect(texts(await fork.messages())).toEqual(["why", "better"]);
    });

    it("shares a workspace as far as it was granted, and finds its entries", async () => {
      const { memory, reopen } = open();
      const { tenant, elsewhere } = newPlot();
      const leads = memory.tenant(tenant).workspace("leads");
      const entries = ["a", "b", "c"].map((key, size) => ({
        key,
        value: key,
        category: "hot",
        metadata: { size },
      }));
      expect(await leads.import(entries)).toEqual({ imported: 3, unchanged: 0 });
      expect(await leads.import(entries)).toEqual({ imported: 0, unchanged: 3 });
      await leads.remember("d", "d", { tier: "both", tags: ["t"] });
      const other = reopen((store) => store);
      const clerk = other.tenant(tenant).workspace("leads").as({ agent: "clerk" });
      const partner = other.tenant(elsewhere).sharedWorkspace(tenant, "leads");
      await failure(clerk.entries(), "denied");
      await failure(partner.recall("a"), "denied");
      await leads.grant({ agent: "clerk" }, "read");
      await leads.grant({ tenant: elsewhere }, "read-write");
      const where = { path: ["metadata", "size"], $gte: 1 } as const;
      const found = await clerk.entries({ category: "hot", where });
      expect(found.items.map(({ key, category }) => [key, category])).toEqual([
        ["b", "hot"],
        ["c", "hot"],
      ]);
      await failure(clerk.remember("a", "x"), "denied");
      await partner.rememberMany([{ key: "d", value: "theirs", category: "cold" }], { operationId: "o" });
      expect(await clerk.recall("d")).toBe("theirs");
      expect((await clerk.categories()).items).toEqual(["cold", "hot"]);
      expect((await leads.refusals()).items.reduce((sum, { count }) => sum + count, 0)).toBe(3);
      expect((await memory.tenant(tenant).workspaces()).items).toEqual(["leads"]);
      await memory.tenant(tenant).erase({ workspace: "leads" });
      expect((await other.tenant(tenant).workspaces()).items).toEqual([]);
    });

    it("keeps past values, brings them back, and erases them", async () => {
      const { stores } = open();
      const plot = newPlot();
      const { tenant, canary } = plot;
      const history = { agents: 3, users: 3, workspaces: 3 };
      const acme = memoryOf(stores, { history }).tenant(tenant);
      const juan = acme.session("chat", { subject: person });
      await juan.append(user("hi"));
      const memories = [juan.user, juan.agent("clerk"), acme.workspace("leads")];
      for (const memory of memories) {
        for (const value of ["lost", canary, "second"])
          await memory.remember("k", value, { tier: "both", reason: value, operationId: `op-${value}` });
        await memory.remember("k", "second", { tier: "both", reason: "second", operationId: "op-second" });
        await memory.update("k", () => "third", { tier: "durable" });
        const past = await memory.history("k");
        expect(past.map(({ value, reason }) => [value, reason])).toEqual([
          ["second", "second"],
          [canary, canary],
          ["lost", "lost"],
        ]);
        const version = past[1]?.version ?? 0;
        expect(await memory.diff("k", version)).toEqual([{ path: [], before: canary, after: "third" }]);
        await memory.revert("k", version, { operationId: "revert" });
        expect(await memory.recall("k")).toBe(canary);
        await memory.remember("k", "last", { tier: "durable" });
        expect((await memory.history("k")).map(({ value }) => value)).toEqual([canary, "third", "second"]);
        expect((await memory.entries({ tier: "durable", text: canary })).items).toEqual([]);
      }
      await acme.workspace("leads").forget("k");
      await acme.user(person).erase();
      expect(await dump(plot)).not.toContain(canary);
    });

    it("keeps an answer that breaks as partial, once, until a whole one takes its place", async () => {
      const { memory, reopen } = open();
      const { tenant } = newPlot();
      const chat = memory.tenant(tenant).session("chat");
      await chat.append(user("why"));
      const elsewhere = reopen((store) => store)
        .tenant(tenant)
        .session("chat");
      const call = { type: "tool-call", toolCallId: "c", toolName: "t", input: {} } as const;
      const stream = async (on: Session, ...given: (AnswerPiece | Error)[]): Promise<void> => {
        for await (const _ of on.stream(pieces(...given), { operationId: "answer" }));
      };
      const broken = new TypeError("gone");
      await expect(stream(chat, "half", call, broken)).rejects.toBe(broken);
      await expect(stream(elsewhere, "another half", broken)).rejects.toBe(broken);
      const [, partial, ...rest] = await elsewhere.messages();
      expect(partial).toMatchObject({ partial: "failed", content: [{ text: "half" }, call] });
      expect(rest).toEqual([]);
      expect((await elsewhere.view({ partial: "show" })).seqs).toEqual([1, 2]);
      expect(await elsewhere.view({ partial: "hide" })).toMatchObject({
        seqs: [1],
        dropped: [{ from: 2, to: 2, reason: "partial" }],
      });
      await stream(elsewhere, "because");
      await stream(chat, "in other words");
      expect(texts(await chat.messages())).toEqual(["why", "because"]);
      expect((await chat.view({ partial: "hide" })).seqs).toEqual([1, 4]);
    });

    it("exports all of a person's data", async () => {
      const { memory, stores } = open();
      const plot = newPlot();
      await plant(memory, stores, plot);
      const kinds = new Map<string, number>();
      let last = "";
      for await (const line of memory.tenant(plot.tenant).user(person).export()) {
        const { kind }: { readonly kind: string } = JSON.parse(line);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        last = line;
      }
      const { removed } = await memory.tenant(plot.tenant).user(person).erase({ dryRun: true });
      // An erasure reaches the fork that was given to another person, with her words; an export does not show them.
      const given = await memory.tenant(plot.tenant).session("fork-2").events();
      expect(kinds.get("session")).toBe(removed.sessions - 1);
      expect(kinds.get("event")).toBe(removed.events - given.events.length);
      expect(kinds.get("document")).toBe(removed.documents + removed.sessionDocuments);
      expect(JSON.parse(last).kind).toBe("end");
    });

    it("counts how an agent's work ended, exactly, and lists what was run", async () => {
      const { memory } = open();
      const { tenant, canary } = newPlot();
      const acme = memory.tenant(tenant);
      const session = acme.session("chat", { subject: person });
      await session.append(user("x"));
      await session.recordExecution({ agent: "planner", input: canary });
      const record = (index: number) =>
        (index % 8 === 0 ? session : acme)
          .agent("planner")
          .recordOutcome(
            { success: index % 2 === 0, strategy: `s${index % 4}`, durationMs: 10 + index, task: canary },
            { operationId: `op-${index}` },
          );
      await Promise.all(Array.from({ length: 16 }, (_, index) => record(index)));
      // All of them again, as after answers that were lost.
      await Promise.all(Array.from({ length: 16 }, (_, index) => record(index)));
      const planner = memoryOf(opened.map(({ store }) => store))
        .tenant(tenant)
        .agent("planner");
      const found = await planner.performance({ feedback: 50 });
      expect(found).toMatchObject({ total: 16, succeeded: 8, durationMs: { mean: 17.5 } });
      expect(found.strategies.map(({ count, succeeded }) => [count, succeeded])).toEqual([
        [4, 4],
        [4, 4],
        [4, 0],
        [4, 0],
      ]);
      expect(found.feedback).toHaveLength(16);
      const executions = async (): Promise<unknown> =>
        (await acme.executions({ agent: "planner" })).items.map(({ input }) => input);
      await expect.poll(executions).toEqual([canary]);
      await acme.user(person).erase();
      expect(await planner.performance({ feedback: 50 })).toMatchObject({ total: 16, succeeded: 8 });
      expect((await planner.performance({ feedback: 50 })).feedback).toHaveLength(14);
      expect(await executions()).toEqual([]);
      await planner.clearOutcomes();
      expect(await planner.performance()).toEqual({ total: 0, succeeded: 0, strategies: [], feedback: [] });
    });

    it("moves a tenant out and in, byte for byte, whatever the stores", async () => {
      const { memory, stores } = open();
      const plot = newPlot();
      await plant(memory, stores, plot);
      await memory.tenant(plot.tenant).agent("planner").recordOutcome({ success: true, durationMs: 7 });
      const textOf = async (tenant: Tenant): Promise<string> => {
        let text = "";
        for await (const line of tenant.export()) text += line;
        return text;
      };
      const text = await textOf(memory.tenant(plot.tenant));
      // By way of another store, and back to a tenant of these.
      await using first = createMemoryStore();
      await using second = createMemoryStore();
      const elsewhere = memoryOf([first, second]).tenant(plot.tenant);
      await elsewhere.import([text]);
      expect(await textOf(elsewhere)).toBe(text);
      const back = memory.tenant(`${plot.tenant}-back`);
      expect((await back.import([text], { from: plot.tenant })).read.sessions).toBe(5);
      // The tenant is named by the header alone, and covered by all checksums.
      const bare = (of: string): string => of.replaceAll(/"tenant":"[^"]*"|,"sum":"[^"]*"/gu, "");
      expect(bare(await textOf(back))).toBe(bare(text));
      expect((await back.import([text], { from: plot.tenant })).unchanged).toBeGreaterThan(20);
    });

    it("removes by policy what is not to be kept", async () => {
      const { memory, stores } = open();
      const { tenant } = newPlot();
      const acme = memory.tenant(tenant);
      const session = acme.session("idle", { subject: person });
      await session.append(Array.from({ length: 6 }, (_, index) => user(`${index}`)));
      for (const key of ["a", "b", "c"]) await acme.agent("clerk").remember(key, 1, { tier: "both" });
      const cap = acme.retention([{ events: { keep: 4 } }, { agents: { keep: 2 } }]);
      expect(await cap.plan()).toMatchObject({ sessions: 0, events: 2, documents: 1 });
      expect(await cap.apply()).toMatchObject({ events: 2, documents: 1, more: false, skipped: 0 });
      expect((await session.messages()).map(({ content }) => content)).toEqual(["2", "3", "4", "5"]);
      expect(await acme.agent("clerk").recall("a")).toBeUndefined();
      expect(await acme.stats()).toMatchObject({ sessions: 1, active: 1, people: 1, events: 4 });
      const idle = acme.retention([{ sessions: { idleMs: 20 }, action: "erase" }]);
      await expect.poll(async () => (await idle.plan()).sessions).toBe(1);
      expect(await idle.apply()).toMatchObject({ sessions: 1, more: false });
      expect((await acme.sessions()).items).toEqual([]);
      expect(await Promise.all(stores.map((store) => store.log.list(tenant)))).toMatchObject(
        stores.map(() => ({ items: [] })),
      );
    });

    it("puts summaries in the place of old events and memories, and forgets them with what they are of", async () => {
      const { stores } = open();
      const { tenant } = newPlot();
      const summarizer = {
        name: "joined",
        summarize: async ({ messages, previous = "" }: SummaryRequest) =>
          `${previous} ${messages.map(({ content }) => content).join(" ")}`,
      };
      const acme = memoryOf(stores, { summarizer }).tenant(tenant);
      const session = acme.session("chat");
      const retention = acme.retention([
        { events: { keep: 2 }, action: "summarize" },
        { users: { keep: 1 }, action: "summarize" },
      ]);
      for (const part of ["a", "b"]) {
        await session.append([user(`${part}1`), user(`${part}2`), user(`${part}3`)]);
        for (const at of [1, 2, 3]) await acme.user("ana").remember(`${part}${at}`, "x", { tier: "both" });
        const plan = await retention.plan();
        expect(plan.summaries).toBe(2);
        expect(await retention.apply()).toMatchObject({ ...plan, skipped: 0, notices: [] });
        await expect
          .poll(async () => (await acme.user("ana").entries()).items.length)
          .toBe(part === "a" ? 2 : 3);
      }
      const { messages } = await session.view();
      expect(messages[0]?.content).toMatch(/a1 a2.* a3 b1$/u);
      expect(messages.slice(1).map(({ content }) => content)).toEqual(["b2", "b3"]);
      expect(await retention.plan()).toMatchObject({ events: 0, documents: 0, summaries: 0 });
      const left = async () => (await acme.user("ana").entries()).items.map(({ value }) => value);
      expect((await left()).sort()).toEqual(["a1: x a2: x", "a3: x b1: x b2: x", "x"]);
      expect(await acme.user("ana").recall("a1")).toBeUndefined();
      // Erasing what is gone reaches what tells of it.
      await acme.user("ana").forget("b1");
      expect((await left()).sort()).toEqual(["a1: x a2: x", "x"]);
      await session.erase({ seqs: [2] });
      expect((await session.view()).messages.map(({ content }) => content)).toEqual(["b2", "b3"]);
    });

    it("counts what there is, from two processes at once, and forgets what was erased", async () => {
      const { memory, stores } = open();
      const plot = newPlot();
      await plant(memory, stores, plot);
      const [first, second = first] = stores;
      const options = (
        "store" in arrangement
          ? { store: first }
          : { volatile: first, durable: second, sessions: arrangement.sessions }
      ) as MemoryOptions;
      const processes = [memory, memoryOf(stores)].map((one) => one.tenant(plot.tenant));
      const count = async (): Promise<TenantStats> => {
        for (;;) {
          const bounds = { maxUnits: 3, maxEvents: 5 };
          const [one] = await Promise.all(processes.map((process) => process.stats(bounds)));
          if (one?.complete) return one;
        }
      };
      // What expires meanwhile counts until the store removes it, so both are looked at until they agree.
      const difference = async (): Promise<unknown> => {
        for (const { maintenance } of stores as readonly Partial<Store>[]) await maintenance?.expire();
        const { asOf, complete, active, newestAt, ...found } = await count();
        const expected = await countEverything(memory, options, plot.tenant);
        // The plot's own usage is not what the reference reckons with.
        const pair = [found, expected].map(({ usage, ...rest }) => rest);
        return isDeepStrictEqual(pair[0], pair[1]) ? undefined : pair;
      };
      const check = async (): Promise<void> => expect.poll(difference).toBeUndefined();
      await check();
      await memory.tenant(plot.tenant).session("brief", { ttlMs: 200 }).append(user("x"));
      await memory.tenant(plot.tenant).session("brief").working.remember("k", 1, { ttlMs: 50 });
      await check();
      // Idle for its lifetime, it is gone, whatever the store.
      await expect.poll(() => memory.tenant(plot.tenant).session("brief").head()).toBeUndefined();
      await memory.tenant(plot.tenant).user(person).erase();
      expect(await dump(plot)).not.toContain(plot.canary);
      await check();
    });

    it("archives a session and restores it as it was", async () => {
      await using elsewhere = createMemoryStore();
      const place = "store" in arrangement || arrangement.sessions === "durable" ? elsewhere : undefined;
      const stores = opened.map(({ store }) => store);
      const memory = memoryOf(stores, { archive: place });
      const { tenant } = newPlot();
      const acme = memory.tenant(tenant);
      const before = await plantCase(acme);
      expect((await acme.archive("case")).moved).toBe(true);
      expect((await acme.sessions()).items).toEqual([]);
      expect((await acme.archived()).items).toMatchObject([{ session: "case", version: 6 }]);
      expect((await acme.restore("case")).moved).toBe(true);
      expect(await textOf(acme, { session: "case" })).toBe(before);
      await acme.archive("case");
      const { removed } = await acme.user("juan").erase();
      expect(removed.sessions).toBe(1);
      expect((await acme.archived()).items).toEqual([]);
      await failure(acme.restore("case"), "not-found");
    });

    if (killStep !== undefined)
      it("goes on with an erasure that was killed between two steps", async () => {
        for (let killAt = 1, killed = true; killed; killAt += killStep) {
          const plot = newPlot();
          killed = await killedAt(open(), killAt, plot, () => dump(plot));
        }
      });

    it.skipIf("store" in arrangement)(
      "loses no data by an outage of either tier, and says what failed",
      async () => {
        const switches: readonly Switch[] = [{ down: false }, { down: false }];
        const [volatile, durable] = switches;
        const errors: unknown[] = [];
        const stores = opened.map(({ store }, index) => switched(store, switches[index] ?? { down: false }));
        const memory = memoryOf(stores, { onError: (error) => errors.push(error), cache: false });
        const { tenant } = newPlot();
        const ana = memory.tenant(tenant).user("ana");
        await ana.remember("both", 1, { tier: "both" });
        await ana.remember("durable", 1);
        if (volatile === undefined || durable === undefined) return;
        volatile.down = true;
        // Slower, and as right as ever.
        expect(await ana.recall("both")).toBe(1);
        await ana.remember("both", 2, { tier: "both" });
        expect(await ana.update("durable", (value) => Number(value) + 1)).toMatchObject({ value: 2 });
        expect(await ana.recall("both")).toBe(2);
        expect(await ana.recall("durable")).toBe(2);
        expect(errors.length).toBeGreaterThan(0);
        await failure(ana.remember("volatile", 1, { tier: "volatile" }), "unavailable");
        await failure(ana.erase(), "unavailable");
        volatile.down = false;
        // The copy of before is in the volatile store, and nobody is shown it. The erasure has begun, and is finished first.
        expect(await ana.recall("both")).toBe(2);
        expect(await memory.tenant(tenant).resumeErasures()).toHaveLength(1);
        expect(await ana.recall("both")).toBeUndefined();

        const eva = memory.tenant(tenant).user("eva");
        await eva.remember("both", 1, { tier: "both" });
        durable.down = true;
        await failure(eva.remember("both", 2, { tier: "both" }), "unavailable");
        await failure(eva.remember("durable", 1), "unavailable");
        await failure(eva.erase(), "unavailable");
        durable.down = false;
        expect(await eva.recall("both")).toBe(1);
        expect(await eva.recall("durable")).toBeUndefined();
        expect((await eva.erase()).complete).toBe(true);
      },
    );
  });
}

function switched(store: MemoryStore, state: Switch): MemoryStore {
  const guard = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) =>
          state.down
            ? Promise.reject(new MemoryError("unavailable", "The store cannot be reached."))
            : method.apply(target, args);
      },
    });
  return { ...store, limits: store.limits, log: guard(store.log), documents: guard(store.documents) };
}
