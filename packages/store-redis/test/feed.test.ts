import type { ChangedUnit } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { bucketOf, createKeys } from "../src/keys.ts";
import { type DocumentsFixture, until, useDocuments } from "./documents-support.ts";

const tenant = "acme";
const session = { tenant, session: "s" };
const memory = { tenant, namespace: ["users", "u1", "facts"], key: "k" };
const note = { type: "x-note" as const, body: 1 };
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
      }
      const keys = createKeys(prefix);
      // Beside the unit two entries of the store's own.
      const { changes } = keys.session(tenant, session.session);
      expect(await fixture.raw("ZCARD", changes)).toBe(3);
      const { ownerChanges } = keys.bucket(tenant, bucketOf("users\0u1"));
      expect(await fixture.raw("ZCARD", ownerChanges)).toBe(3);
    });

    it("refuses a cursor when the entries are lost, or those of a moment ago", async () => {
      const fixture = open();
      const { store, prefix, raw } = fixture;
      const { changes } = createKeys(prefix).session(tenant, session.session);
      await store.log.append(session, [note]);
      const { cursor: first } = await unitsSince(fixture);
      // A failover lost the last write.
      await raw("ZADD", changes, "1", session.session);
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
      await raw("ZADD", changes, `${ahead}`, session.session);
      const { cursor } = await unitsSince(fixture);
      await store.log.append(session, [note]);
      expect((await unitsSince(fixture, cursor)).units).toHaveLength(1);
      await store.log.touch(session, { metadata: { topic: "x" } });
      expect(Number(await raw("ZSCORE", changes, session.session))).toBe(ahead + 2);
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
