import type { EventInput, Page, PageOptions, SessionAddress } from "@relevo/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PostgresStore } from "../src/index.ts";
import { emptyCost, type Watched, watchers } from "./cost-support.ts";
import { load, long, longest, newest, tenant } from "./log-load.ts";

/** How many events or slots one call may look at, whatever its filters leave out; see `lookBudget`. */
const budget = 5000;
const summaries = longest / 1000;
const note: EventInput = { type: "x-note", body: 1 };
const noted = (count: number): EventInput[] => Array<EventInput>(count).fill(note);

/** How often a session was made anew for a case. */
let made = 0;
function fresh(): SessionAddress {
  return { tenant, session: `made-${++made}` };
}

interface Case {
  readonly what: string;
  /** What is not counted; its result goes to `run`. */
  readonly before?: (store: PostgresStore) => Promise<SessionAddress>;
  /** What it returns must not be less than this. */
  readonly least?: number;
  /** How many rows it may touch, however large the tables are. */
  readonly rows: number;
  /** How many pages; by default a hundred and one for each row. */
  readonly pages?: number;
  readonly run: (store: PostgresStore, address: SessionAddress) => Promise<number>;
}

async function begun(store: PostgresStore, events = 3): Promise<SessionAddress> {
  const address = fresh();
  await store.log.append(address, noted(events), { operation: { id: "begin", fingerprint: "f" } });
  return address;
}

const version = async (appended: Promise<{ readonly version: number }>): Promise<number> =>
  (await appended).version;
const count = async (read: Promise<{ readonly events: readonly unknown[] }>): Promise<number> =>
  (await read).events.length;
const items = async (page: Promise<{ readonly items: readonly unknown[] }>): Promise<number> =>
  (await page).items.length;

const writes: readonly Case[] = [
  { what: "append of the first event", rows: 4, run: ({ log }) => version(log.append(fresh(), [note])) },
  {
    what: "append to a long log",
    rows: 4,
    least: longest,
    run: ({ log }) => version(log.append(long, [note])),
  },
  {
    what: "append of a hundred",
    rows: 4,
    pages: 1200,
    least: 100,
    run: ({ log }) => version(log.append(long, noted(100))),
  },
  {
    what: "append with an operation",
    rows: 6,
    run: ({ log }) =>
      version(log.append(long, [note], { operation: { id: `new-${++made}`, fingerprint: "f" } })),
  },
  {
    what: "append of an operation that is known",
    rows: 8,
    least: 1,
    run: async ({ log }) =>
      Number((await log.append(long, [note], { operation: { id: "o25001", fingerprint: "f" } })).replayed),
  },
  {
    what: "append that is refused",
    rows: 6,
    least: longest,
    run: ({ log }) =>
      log.append(long, [note], { expectedVersion: 7 }).then(
        () => 0,
        (error) => error.details.version,
      ),
  },
  {
    what: "retraction of one of the newest",
    rows: 10,
    run: async ({ log }) => {
      const message: EventInput = { type: "message", body: { role: "user", content: "?" } };
      const { version: seq } = await log.append(long, [message]);
      return version(
        log.append(long, [
          { type: "retraction", body: { ranges: [{ from: seq, to: seq }], reason: "undo" } },
        ]),
      );
    },
  },
  {
    what: "retraction of an old one",
    // The summaries behind it are looked at.
    rows: summaries + 10,
    run: ({ log }) => {
      const seq = 1003 + 10 * ++made;
      return version(
        log.append(long, [{ type: "retraction", body: { ranges: [{ from: seq, to: seq }], reason: "" } }]),
      );
    },
  },
  {
    what: "erase of one",
    rows: summaries + 20,
    least: 1,
    run: async ({ log }) => {
      const seq = 25_003 + 10 * ++made;
      return (await log.erase(long, { seqs: [{ from: seq, to: seq }] })).erased.length;
    },
  },
  {
    what: "trim of a few by seq",
    rows: 20,
    least: 5,
    run: async ({ log }) => {
      const { firstSeq = 0 } = (await log.head(long)) ?? {};
      return (await log.trim(long, { beforeSeq: firstSeq + 5 })).removed;
    },
  },
  {
    what: "trim of a few by time",
    rows: 30,
    least: 5,
    run: async ({ log }) => {
      const { firstSeq = 0 } = (await log.head(long)) ?? {};
      return (await log.trim(long, { olderThan: newest - (longest - firstSeq - 5) * 1000 })).removed;
    },
  },
  {
    what: "trim where nothing is due",
    rows: 5,
    run: async ({ log }) => (await log.trim(long, { olderThan: 1 })).removed,
  },
  {
    what: "touch",
    rows: 4,
    least: longest,
    run: async ({ log }) => (await log.touch(long, { metadata: { a: 1 } }))?.version ?? 0,
  },
  {
    what: "seal and unseal",
    rows: 8,
    least: 3,
    before: begun,
    run: async ({ log }, address) => {
      await log.seal(address);
      return (await log.unseal(address)).version;
    },
  },
  {
    what: "import of ten",
    rows: 60,
    least: 10,
    run: async ({ log }) => {
      const batch = await log.exportEvents(long, { after: 30_000, limit: 10 });
      if (batch === undefined) return 0;
      const incarnation = `imported ${++made}`;
      return (
        await log.importEvents(fresh(), {
          head: { ...batch.head, incarnation, firstSeq: 30_001 },
          events: batch.events,
          operations: batch.operations.map((one) => ({ ...one, result: { ...one.result, incarnation } })),
          removed: batch.removed,
        })
      ).events;
    },
  },
  {
    what: "lease, renewed and given back",
    rows: 12,
    before: begun,
    run: async ({ leases }, address) => {
      const lease = await leases.acquire(address, { ttlMs: 60_000 });
      await (await lease.renew()).release();
      return lease.fence;
    },
  },
  {
    what: "delete of a session",
    rows: 40,
    least: 1,
    before: async (store) => {
      const address = await begun(store);
      await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
      return address;
    },
    run: async ({ log }, address) => Number(await log.delete(address)),
  },
];

const reads: readonly Case[] = [
  {
    what: "read of the newest",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { direction: "backward", limit: 20 })),
  },
  { what: "read of the oldest", rows: 30, least: 20, run: ({ log }) => count(log.read(long, { limit: 20 })) },
  {
    what: "read from the middle",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { after: 25_000, limit: 20 })),
  },
  {
    what: "read of all, also retracted",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { after: 25_000, limit: 20, retracted: "include" })),
  },
  {
    what: "read of one type",
    rows: 250,
    least: 20,
    run: ({ log }) => count(log.read(long, { types: ["x-tool"], after: 30_000, limit: 20 })),
  },
  {
    what: "read of a type that is not there",
    rows: budget + 30,
    run: ({ log }) => count(log.read(long, { types: ["x-none"], after: 20_000, limit: 20 })),
  },
  {
    what: "read of a rare agent",
    rows: budget + 30,
    least: 1,
    run: ({ log }) => count(log.read(long, { agent: "rare", after: 30_000, limit: 20 })),
  },
  {
    what: "read as of an earlier version",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { atVersion: 25_000, direction: "backward", limit: 20 })),
  },
  {
    what: "read of pinned ones",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { pinned: true, limit: 20 })),
  },
  {
    what: "read of the newest pinned one of a type",
    rows: summaries + 10,
    least: 1,
    run: ({ log }) =>
      count(log.read(long, { pinned: true, types: ["message"], direction: "backward", limit: 1 })),
  },
  {
    what: "read of what is not pinned",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { pinned: false, after: 25_000, limit: 20 })),
  },
  {
    what: "read of what was retracted",
    rows: 30,
    least: 20,
    run: ({ log }) => count(log.read(long, { retracted: "only", limit: 20 })),
  },
  {
    what: "read of the newest with what stands below",
    // The page, what was retracted in it, all pinned messages, the summaries that are looked at, and the hundred events
    // of other types that the writes of each round before have appended.
    rows: 64 + 20 + 60 + 3 * 33 + 3 * 110,
    least: 64,
    run: async ({ log }) => {
      const { events, below } = await log.read(long, {
        direction: "backward",
        limit: 64,
        types: ["message", "summary"],
        below: ["pinned", "summaries"],
      });
      // How many there are depends on what the other cases have written and removed.
      return below?.pinned !== undefined && below.summaries !== undefined ? events.length : 0;
    },
  },
  { what: "head", rows: 1, least: longest, run: async ({ log }) => (await log.head(long))?.version ?? 0 },
  {
    what: "operation",
    rows: 3,
    least: 25_001,
    run: async ({ log }) => (await log.operation(long, "o25001"))?.result.version ?? 0,
  },
  { what: "list", rows: 80, least: 20, run: ({ log }) => items(log.list(tenant, { limit: 20 })) },
  {
    what: "list by last write",
    rows: 80,
    least: 20,
    run: ({ log }) => items(log.list(tenant, { order: "updated", limit: 20 })),
  },
  {
    what: "list by last write, newest first, a later page",
    rows: 80,
    least: 20,
    run: async ({ log }) => {
      const newestFirst = { order: "updated", direction: "backward" } as const;
      const { cursor = "" } = await log.list(tenant, { ...newestFirst, limit: 1 });
      return items(log.list(tenant, { ...newestFirst, limit: 20, cursor }));
    },
  },
  {
    what: "list by last write of a rare subject",
    rows: 30,
    least: 4,
    run: ({ log }) => items(log.list(tenant, { subject: "rare", order: "updated", limit: 20 })),
  },
  {
    what: "list by last write of a common subject",
    // It is counted up to the most that are sorted.
    rows: 2100,
    least: 20,
    run: ({ log }) =>
      items(log.list(tenant, { subject: "common", order: "updated", direction: "backward", limit: 20 })),
  },
  {
    what: "list backward",
    rows: 80,
    least: 20,
    run: ({ log }) => items(log.list(tenant, { direction: "backward", prefix: "s-", limit: 20 })),
  },
  {
    what: "list, a later page",
    rows: 80,
    least: 20,
    before: begun,
    run: async ({ log }) => {
      const { cursor } = await log.list(tenant, { limit: 1, prefix: "s-07" });
      return items(log.list(tenant, { limit: 20, ...(cursor === undefined ? {} : { cursor }) }));
    },
  },
  {
    what: "list by prefix",
    rows: 80,
    least: 20,
    run: ({ log }) => items(log.list(tenant, { prefix: "s-09", limit: 20 })),
  },
  {
    what: "list by a prefix of few",
    rows: 80,
    least: 9,
    run: ({ log }) => items(log.list(tenant, { prefix: "s-0999", limit: 20 })),
  },
  {
    what: "list by a common subject",
    rows: 80,
    least: 20,
    run: ({ log }) => items(log.list(tenant, { subject: "common", limit: 20 })),
  },
  {
    what: "list by a rare subject",
    rows: 20,
    least: 4,
    run: ({ log }) => items(log.list(tenant, { subject: "rare", limit: 20 })),
  },
  {
    what: "list by a subject that nobody is",
    rows: 5,
    run: ({ log }) => items(log.list(tenant, { subject: "none", limit: 20 })),
  },
  {
    what: "list by subject and prefix",
    rows: 80,
    least: 20,
    run: ({ log }) => items(log.list(tenant, { subject: "common", prefix: "s-05", limit: 20 })),
  },
  {
    what: "list of what is idle",
    rows: 80,
    least: 19,
    run: ({ log }) => items(log.list(tenant, { prefix: "s-", idleSince: newest, limit: 20 })),
  },
  {
    what: "list where nothing is idle",
    rows: budget + 30,
    run: ({ log }) => items(log.list(tenant, { idleSince: 1, limit: 20 })),
  },
  {
    what: "list of the ended",
    rows: budget + 30,
    run: ({ log }) => items(log.list(tenant, { prefix: "z-", limit: 20 })),
  },
  { what: "scan", rows: 60, least: 20, run: ({ log }) => items(log.scan(tenant, { limit: 20 })) },
  {
    what: "scan, a later page",
    rows: 120,
    least: 20,
    run: async ({ log }) => {
      const since = newest - 25_000_000;
      const { cursor } = await log.scan(tenant, { since, limit: 20 });
      return items(log.scan(tenant, { since, limit: 20, ...(cursor === undefined ? {} : { cursor }) }));
    },
  },
  {
    what: "scan of one type",
    rows: 500,
    least: 20,
    run: ({ log }) => items(log.scan(tenant, { types: ["x-tool"], limit: 20 })),
  },
  {
    what: "scan of a rare agent",
    rows: 2 * budget + 60,
    run: ({ log }) => items(log.scan(tenant, { agent: "rare", since: newest - 30_000_000, limit: 20 })),
  },
  {
    what: "scan of a time when nothing was",
    rows: 5,
    run: ({ log }) => items(log.scan(tenant, { since: 1, until: 2, limit: 20 })),
  },
  {
    what: "export of a page",
    rows: 60,
    least: 20,
    run: async ({ log }) => (await log.exportEvents(long, { after: 30_000, limit: 20 }))?.events.length ?? 0,
  },
  {
    what: "tenants",
    rows: 10,
    least: 2,
    run: ({ maintenance }) => items(maintenance.tenants()),
  },
  {
    what: "deletion of idle sessions where none is",
    // It looks at each slot of the tenant once.
    rows: 16_000,
    run: async ({ maintenance }) => (await maintenance.deleteIdleSessions({ tenant, idleSince: 1 })).deleted,
  },
  {
    what: "expire where nothing is due",
    rows: 10,
    run: async ({ maintenance }) => {
      const { sessions, documents } = await maintenance.expire();
      expect(sessions + documents).toBe(0);
      return 0;
    },
  },
];

describe.each(watchers("the cost of the log on a server"))("the log $name", ({ open, there }) => {
  describe.skipIf(!there)("at 100,000 events", () => {
    let watched: Watched;

    beforeAll(async () => {
      watched = await open();
      await watched.load(load);
    });

    afterAll(async () => {
      await watched?.[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      watched.planMode = "auto";
      // The first call looks at the role too.
      await watched.store.log.head({ tenant, session: "none" });
      Object.assign(watched.cost, emptyCost());
    });

    // PGlite analyzes nothing by itself, and a server only later.
    describe.each([
      ["without statistics", ""],
      ["with statistics", "analyze;"],
    ])("%s", (_when, statement) => {
      beforeAll(() => watched.load(statement));

      describe.each(["force_custom_plan", "force_generic_plan"])("with %s", (mode) => {
        it.each([...reads, ...writes])(
          "$what",
          async ({ before, run, rows, pages = 100 + rows, least = 0 }) => {
            const address = (await before?.(watched.store)) ?? long;
            Object.assign(watched.cost, emptyCost());
            watched.planMode = mode;
            expect(await run(watched.store, address)).toBeGreaterThanOrEqual(least);
            expect(watched.cost.scans).toBe(0);
            expect(watched.cost.rows).toBeLessThanOrEqual(rows);
            expect(watched.cost.pages).toBeLessThanOrEqual(pages);
          },
        );
      });
    });

    it("where filters leave most out, the pages together miss nothing", async () => {
      const { log } = watched.store;
      const follow = async <Item>(read: (options: PageOptions) => Promise<Page<Item>>): Promise<Item[]> => {
        const all: Item[] = [];
        let page = await read({ limit: 10 });
        for (all.push(...page.items); page.cursor !== undefined; all.push(...page.items)) {
          page = await read({ limit: 10, cursor: page.cursor });
        }
        return all;
      };
      const idle = await follow((options) => log.list(tenant, { idleSince: 5, ...options }));
      expect(idle.map(({ session }) => session)).toEqual(["s-00001", "s-09999"]);
      const rare = await follow((options) => log.scan(tenant, { agent: "rare", ...options }));
      expect(rare.map(({ event }) => event.seq)).toEqual(
        Array.from({ length: 10 }, (_, index) => (index + 1) * 5000),
      );
    });

    it.each(["force_custom_plan", "force_generic_plan"])(
      "a piece of a long backlog of upkeep costs what the piece does, with %s",
      async (mode) => {
        const due = (time: number): string =>
          `update relevo.sessions set expires_at = ${time}, expiry_due = ${time}
           where tenant = 'other' and session < 's-05' and incarnation is not null;`;
        await watched.load(`${due(1)}
          update relevo.endings set ended_at = 1 where tenant = 'other' and session < 'z-04';
          update relevo.documents set expires_at = 1 where tenant = 'other';`);
        watched.planMode = mode;
        const { maintenance } = watched.store;
        expect(await maintenance.expire({ limit: 20 })).toEqual({ sessions: 20, documents: 0, more: true });
        await watched.load(due(4e12));
        expect(await maintenance.expire({ limit: 20 })).toEqual({ sessions: 0, documents: 20, more: true });
        expect(watched.cost.scans).toBe(0);
        expect(watched.cost.rows).toBeLessThanOrEqual(1000);
        expect(watched.cost.pages).toBeLessThanOrEqual(4000);
      },
    );

    it("without their index events are scanned, and that is seen", async () => {
      await watched.load("alter table relevo.events drop constraint events_pkey");
      await watched.store.log.read(long, { after: 25_000, limit: 20 });
      expect(watched.cost.rows).toBeGreaterThanOrEqual(longest);
    });
  });
});
