import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PostgresStore } from "../src/index.ts";
import { emptyCost, type Watched, watchers } from "./cost-support.ts";

const note = { type: "x-note", body: 1 } as const;
let count = 0;

const big = "big";

/** Without temporary tables: a new namespace makes a server forget its plans. */
const load = `
  insert into relevo.tenants values ('${big}');
  insert into relevo.sessions (tenant, session, incarnation, generation, version, revision, events, updated_at, changed)
  select '${big}', case i when 0 then 'long' else 's-' || i end, 'i-' || i, 1, v, v, v, i, '5'
  from generate_series(0, 5000) as i, lateral (select case i when 0 then 20000 else 1 end as v) as n;
  insert into relevo.events (tenant, session, generation, seq, type, recorded_at, pinned, bytes, content)
  select tenant, session, 1, seq, 'x-note', seq, false, 1, '{"type":"x-note","body":1}'
  from relevo.sessions, generate_series(1, version) as seq where tenant = '${big}';
  insert into relevo.operations
  select tenant, session, sha256(convert_to('o' || seq, 'UTF8')), 'o' || seq, 1, 'f', seq, seq, seq
  from relevo.events where tenant = '${big}' and seq % 5 = 1;
  insert into relevo.documents
  select '${big}', '', 0, relevo.namespace_place(array['n']) || '\\x00'::bytea || convert_to('k' || i, 'UTF8'), array['n'],
    'k' || i, i, array['t'], i, i, null, '1', '{}', null, ''
  from generate_series(1, 5000) as i;
  insert into relevo.document_tags select tenant, '', 0, 't', place from relevo.documents where tenant = '${big}';
  insert into relevo.document_versions select '${big}', n, 1 from generate_series(0, 63) as n;`;

interface Call {
  readonly what: string;
  /** The most rows that it may look at. */
  readonly rows: number;
  run(store: PostgresStore, tenant: string): Promise<unknown>;
}

const address = (tenant: string) => ({ tenant, session: "long" });
const place = (tenant: string, key: string) => ({ tenant, namespace: ["n"], key });

const calls: readonly Call[] = [
  { what: "append", rows: 2, run: ({ log }, tenant) => log.append(address(tenant), [note]) },
  {
    what: "append of several",
    rows: 2,
    run: ({ log }, tenant) => log.append(address(tenant), [note, note, note]),
  },
  {
    what: "append with an operation",
    rows: 4,
    run: ({ log }, tenant) =>
      log.append(address(tenant), [note], { operation: { id: `p${++count}`, fingerprint: "f" } }),
  },
  {
    what: "append, replayed",
    rows: 6,
    run: ({ log }, tenant) =>
      log.append(address(tenant), [note], { operation: { id: "o1", fingerprint: "f" } }),
  },
  {
    what: "read of the newest",
    rows: 30,
    run: ({ log }, tenant) => log.read(address(tenant), { direction: "backward", limit: 20 }),
  },
  {
    what: "read from the middle",
    rows: 30,
    run: ({ log }, tenant) => log.read(address(tenant), { after: 1, limit: 20 }),
  },
  { what: "list", rows: 70, run: ({ log }, tenant) => log.list(tenant, { limit: 20 }) },
  {
    what: "list by last write",
    rows: 70,
    run: ({ log }, tenant) => log.list(tenant, { order: "updated", direction: "backward", limit: 20 }),
  },
  { what: "changes", rows: 70, run: ({ feed }, tenant) => feed.changes(tenant, { limit: 20 }) },
  {
    what: "put",
    rows: 10,
    run: ({ documents }, tenant) => documents.put(place(tenant, "new"), { value: 1, tags: ["t"] }),
  },
  {
    what: "touch",
    rows: 4,
    run: ({ documents }, tenant) => documents.touch(place(tenant, "new"), { ttlMs: 1e9 }),
  },
  { what: "delete", rows: 20, run: ({ documents }, tenant) => documents.delete(place(tenant, "new")) },
  {
    what: "a lease",
    rows: 20,
    run: async ({ leases }, tenant) =>
      (await leases.acquire({ tenant, session: "leased" }, { ttlMs: 1000 })).release(),
  },
  { what: "upkeep with nothing due", rows: 20, run: ({ maintenance }) => maintenance.expire() },
];

/**
 * A server keeps the plan of a statement until somebody counts the table anew. What was planned for empty tables has to
 * serve when they are full: between a migration that ends with ANALYZE and the next look of autovacuum, within a minute.
 * Functions may forbid whole-table scans for themselves. Statements of their own (head, operation, export, get, find)
 * cannot, and wait for that look.
 */
describe.each(watchers("plans that are kept"))(
  "plans made for empty tables, kept $name",
  ({ open, there }) => {
    describe.skipIf(!there)("with 25,000 events", () => {
      let watched: Watched;

      beforeAll(async () => {
        watched = await open();
        const tables = [
          "sessions",
          "events",
          "operations",
          "endings",
          "documents",
          "document_tags",
          "document_sources",
          "document_versions",
          "tenants",
        ];
        await watched.load(
          tables.map((table) => `alter table relevo.${table} set (autovacuum_enabled = false);`).join("") +
            "analyze;",
        );
        await watched.store.log.append(address("small"), [note], {
          operation: { id: "o1", fingerprint: "f" },
        });
        // More often than the server looks for a plan that serves all values.
        for (let round = 0; round < 8; round++) {
          for (const { run } of calls) await run(watched.store, "small");
        }
        await watched.load(load);
      });

      afterAll(async () => {
        await watched?.[Symbol.asyncDispose]();
      });

      it.each(calls)("$what", async ({ run, rows }) => {
        Object.assign(watched.cost, emptyCost());
        await run(watched.store, big);
        expect(watched.cost.scans).toBe(0);
        expect(watched.cost.rows).toBeLessThanOrEqual(rows);
        expect(watched.cost.pages).toBeLessThanOrEqual(100 + rows);
      });

      it("is what was asked for", async () => {
        const { events } = await watched.store.log.read(address(big), { direction: "backward", limit: 1 });
        expect(events[0]?.seq).toBeGreaterThan(20_000);
      });
    });
  },
);
