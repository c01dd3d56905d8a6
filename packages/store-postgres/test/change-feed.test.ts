import type { PGlite } from "@electric-sql/pglite";
import { MemoryError } from "@relevo/core";
import { encodeCursor } from "@relevo/core/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres, type PostgresStore } from "../src/index.ts";
import { openPglite } from "./pglite.ts";

const day = 86_400_000;
const note = { type: "x-note", body: 1 } as const;

describe("the change feed", () => {
  let pglite: PGlite;
  let store: PostgresStore;
  beforeAll(async () => {
    pglite = await openPglite();
    await migratePostgres({ pglite });
    store = createPostgresStore({ pglite });
  });
  afterAll(() => pglite.close());

  async function refusal(tenant: string, cursor: string): Promise<MemoryError> {
    const error = await store.feed.changes(tenant, { cursor }).catch((reason: unknown) => reason);
    if (!MemoryError.isInstance(error)) throw new Error(`not refused: ${String(error)}`);
    return error;
  }

  it("keeps one entry for an owner, however often it is written", async () => {
    for (let value = 0; value < 20; value++) {
      await store.documents.put({ tenant: "busy", namespace: ["users", "u1"], key: "k" }, { value });
    }
    const { rows } = await pglite.query("select from relevo.owner_changes where tenant = 'busy'");
    expect(rows).toHaveLength(1);
  });

  it("forgets owners without documents after seven days, and then refuses cursors from before", async () => {
    const place = (owner: string) => ({ tenant: "old", namespace: ["users", owner], key: "k" });
    for (const owner of ["gone", "here"]) await store.documents.put(place(owner), { value: 1 });
    // One of its documents goes, and not the last.
    const other = { ...place("here"), key: "other" };
    await store.documents.put(other, { value: 1 });
    const { cursor } = await store.feed.changes("old", { from: "now" });
    await store.documents.delete(other);
    await store.documents.delete(place("gone"));
    await store.maintenance.expire();
    expect((await store.feed.changes("old", { cursor })).units).toHaveLength(2);
    await pglite.query(
      `update relevo.owner_changes set changed_at = changed_at - ${7 * day + 1} where tenant = 'old'`,
    );
    await store.maintenance.expire();
    const { units } = await store.feed.changes("old");
    expect(units).toEqual([{ kind: "owner", namespace: ["users", "here"] }]);
    const error = await refusal("old", cursor);
    expect([error.code, error.details]).toMatchObject(["history-lost", { reason: "changes" }]);
  });

  it("refuses the positions of another server, and those that are still to come", async () => {
    await store.log.append({ tenant: "moved", session: "s" }, [note]);
    const { cursor } = await store.feed.changes("moved");
    const [, position] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [string, string];
    const at = JSON.parse(position) as { readonly epoch: string; readonly seen: string };
    for (const other of [
      { ...at, epoch: `1${at.epoch}` },
      { ...at, seen: "99999999:99999999:" },
    ]) {
      const error = await refusal("moved", encodeCursor("changes", [JSON.stringify(other)]));
      expect(error.code).toBe("history-lost");
    }
  });

  it("reports what a restored database holds, whose transactions had greater numbers", async () => {
    await store.log.append({ tenant: "restored", session: "s" }, [note]);
    await pglite.query("update relevo.sessions set changed = '99999999' where tenant = 'restored'");
    const { units, cursor, more } = await store.feed.changes("restored");
    expect(units).toMatchObject([{ kind: "session", session: "s" }]);
    expect(more).toBe(false);
    expect((await store.feed.changes("restored", { from: "now" })).units).toEqual([]);
    expect(cursor).toEqual(expect.any(String));
  });

  it.each([
    "{}",
    "null",
    "[]",
    '{"epoch":"1"}',
    '{"epoch":"1","seen":"5:3:"}',
    '{"epoch":"1","seen":"3:5:4,4"}',
    '{"epoch":"1","seen":"3:5:7"}',
    '{"epoch":"1","seen":"0:5:"}',
    '{"epoch":"1","seen":"3:5:","after":["x","s",null]}',
    '{"epoch":"1","seen":"3:5:","after":["3","\\u0000",null]}',
    '{"epoch":"1","seen":"3:5:","after":["3",null,"zz"]}',
  ])("refuses a position that it has not made: %s", async (position) => {
    const error = await refusal("forged", encodeCursor("changes", [position]));
    expect(error.code).toBe("invalid-input");
  });
});
