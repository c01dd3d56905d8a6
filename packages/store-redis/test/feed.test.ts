import type { ChangedUnit } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { bucketOf, createKeys } from "../src/keys.ts";
import { type DocumentsFixture, until, useDocuments } from "./documents-support.ts";

const tenant = "acme";
const session = { tenant, session: "s" };
const memory = { tenant, namespace: ["users", "u1", "facts"], key: "k" };
const note = { type: "x-note" as const, body: 1 };
/** The store's own entry with the newest position. */
const newest = "\0newest";
const lost = { code: "history-lost", details: { reason: "changes" } };

/** The units since a cursor, and where they end. */
async function unitsSince(
  { store }: DocumentsFixture,
  cursor?: string,
): Promise<{ readonly units: readonly ChangedUnit[]; readonly cursor: string }> {
  return await store.feed.changes(tenant, cursor === undefined ? {} : { cursor });
}

describe.skipIf(!requireService("redis", { for: "the change feed of store-redis" }))(
  "the change feed",
  () => {
    const open = useDocuments();

    it("keeps one entry for a unit, however often it is written", async () => {
      const fixture = open();
      const { store, prefix } = fixture;
      for (let count = 0; count < 20; count++) {
        await store.log.append(session, [note]);
        await store.documents.put(memory, { value: count });
        if (count % 5 === 0) await unitsSince(fixture);
      }
      const keys = createKeys(prefix);
      // Beside the unit three entries of the store's own.
      const { changes } = keys.session(tenant, session.session);
      expect(await fixture.raw("ZCARD", changes)).toBe(4);
      const { ownerChanges } = keys.bucket(tenant, bucketOf("users\0u1"));
      expect(await fixture.raw("ZCARD", ownerChanges)).toBe(4);
    });

    it("refuses a cursor when the entries are lost, or those of a moment ago", async () => {
      const fixture = open();
      const { store, prefix, raw } = fixture;
      const { changes } = createKeys(prefix).session(tenant, session.session);
      await store.log.append(session, [note]);
      const { cursor: first } = await unitsSince(fixture);
      // A failover lost the last write.
      await raw("ZADD", changes, "1", session.session, "1", newest);
      await expect(unitsSince(fixture, first)).rejects.toMatchObject(lost);
      await store.log.append(session, [note]);
      const { cursor: second } = await unitsSince(fixture);
      await raw("DEL", changes);
      await expect(unitsSince(fixture, second)).rejects.toMatchObject(lost);
      await store.log.append(session, [note]);
      await expect(unitsSince(fixture, second)).rejects.toMatchObject(lost);
      expect((await unitsSince(fixture)).units).toMatchObject([{ kind: "session", session: "s" }]);
    });

    it("goes on when the server's clock is set back", async () => {
      const fixture = open();
      const { store, prefix, raw } = fixture;
      const { changes } = createKeys(prefix).session(tenant, session.session);
      await store.log.append(session, [note]);
      const ahead = (Date.now() + 3_600_000) * 1000;
      await unitsSince(fixture);
      await raw("ZADD", changes, `${ahead}`, session.session, `${ahead}`, newest);
      const { cursor } = await unitsSince(fixture);
      await store.log.append(session, [note]);
      const { units, cursor: second } = await unitsSince(fixture, cursor);
      expect(units).toHaveLength(1);
      await store.log.touch(session, { metadata: { topic: "x" } });
      expect((await unitsSince(fixture, second)).units).toHaveLength(1);
      expect(Number(await raw("ZSCORE", changes, session.session))).toBe(ahead + 2);
    });

    it("reads on when only the unit that it saw last was written since", async () => {
      const fixture = open();
      await fixture.store.log.append(session, [note]);
      let { cursor } = await unitsSince(fixture);
      for (let round = 0; round < 3; round++) {
        await fixture.store.log.append(session, [note]);
        const page = await unitsSince(fixture, cursor);
        expect(page.units).toHaveLength(1);
        cursor = page.cursor;
        expect((await unitsSince(fixture, cursor)).units).toEqual([]);
      }
    });

    it("gives many units their positions some at a time, and says that there are more", async () => {
      const fixture = open();
      const { store, prefix, raw } = fixture;
      const { changes } = createKeys(prefix).session(tenant, session.session);
      await store.log.append(session, [note]);
      const marks = Array.from({ length: 2500 }, (_, index) => ["+inf", `m-${index}`]).flat();
      await raw("ZADD", changes, ...marks);
      const { cursor: now, units: none } = await store.feed.changes(tenant, { from: "now" });
      expect(none).toEqual([]);
      expect((await unitsSince(fixture, now)).units).toEqual([]);
      await raw("ZADD", changes, ...marks);
      const seen = new Set<string>();
      for (let cursor: string | undefined, more = true; more; ) {
        const page = await store.feed.changes(tenant, { limit: 1000, ...(cursor && { cursor }) });
        for (const unit of page.units) if (unit.kind === "session") seen.add(unit.session);
        ({ cursor, more } = page);
      }
      expect(seen.size).toBe(2501);
    });

    it("is read on a server that has no room left", async () => {
      const fixture = open();
      await fixture.store.log.append(session, [note]);
      await fixture.raw("CONFIG", "SET", "maxmemory", "1");
      try {
        await expect(fixture.store.log.append(session, [note])).rejects.toThrow();
        expect((await unitsSince(fixture)).units).toHaveLength(1);
      } finally {
        await fixture.raw("CONFIG", "SET", "maxmemory", "0");
      }
    });

    it("misses nothing that was written while consumers read at the same time", async () => {
      const fixture = open();
      const { store, other } = fixture;
      const known = [new Map<string, number>(), new Map<string, number>()];
      let writing = true;
      const consumers = known.map(async (versions, index) => {
        const { feed, log } = index === 0 ? store : other;
        for (let cursor: string | undefined, more = true; writing || more; ) {
          const stopped = !writing;
          const page = await feed.changes(tenant, { limit: 7, ...(cursor && { cursor }) });
          for (const unit of page.units) {
            if (unit.kind !== "session") continue;
            versions.set(unit.session, (await log.head({ tenant, session: unit.session }))?.version ?? 0);
          }
          cursor = page.cursor;
          more = page.more || !stopped;
        }
      });
      for (let round = 0; round < 30; round++)
        await Promise.all(
          Array.from({ length: 10 }, (_, index) =>
            store.log.append({ tenant, session: `w-${(index * 7 + round) % 40}` }, [note]),
          ),
        );
      writing = false;
      await Promise.all(consumers);
      for (const versions of known)
        for (let index = 0; index < 40; index++) {
          const head = await store.log.head({ tenant, session: `w-${index}` });
          expect(versions.get(`w-${index}`)).toBe(head?.version);
        }
    });

    it("tells by the next upkeep of units whose keys have all ended by themselves", async () => {
      const fixture = open();
      const { store, keys } = fixture;
      await store.log.append(session, [note], { ttlMs: 50 });
      await store.documents.put(memory, { value: 1, ttlMs: 50 });
      const { cursor } = await unitsSince(fixture);
      const told = /(?::changes|:ended|:owners|:tenants|:seen|:ops|:ops2)$/u;
      await until("the end of all keys", async () => (await keys()).every((key) => told.test(key)));
      expect((await unitsSince(fixture, cursor)).units).toEqual([]);
      await store.maintenance.expire();
      const { units, cursor: after } = await unitsSince(fixture, cursor);
      expect(units.toSorted((left, right) => left.kind.localeCompare(right.kind))).toEqual([
        { kind: "owner", namespace: ["users", "u1"] },
        { kind: "session", session: "s" },
      ]);
      await store.maintenance.expire();
      expect((await unitsSince(fixture, after)).units).toEqual([]);
    });

    it("forgets units that ended more than a week ago, and refuses who has not seen them", async () => {
      const fixture = open();
      const { store, prefix, raw } = fixture;
      const { changes, ended } = createKeys(prefix).session(tenant, session.session);
      await store.log.append(session, [note]);
      const { cursor: early } = await unitsSince(fixture);
      await store.log.delete(session);
      const old = `${(Date.now() - 8 * 86_400_000) * 1000}`;
      for (const [key, member] of [
        [ended, "ancient"],
        [changes, "ancient"],
        [changes, ""],
      ] as const)
        await raw("ZADD", key, old, member);
      expect((await unitsSince(fixture)).units).toHaveLength(2);
      await store.log.append(session, [note]);
      await store.log.delete(session);
      expect((await unitsSince(fixture)).units).toEqual([{ kind: "session", session: "s" }]);
      // What it has not seen ended a moment ago.
      expect((await unitsSince(fixture, early)).units).toEqual([{ kind: "session", session: "s" }]);
    });
  },
);
