import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import type { RedisArgument } from "../src/connection/client.ts";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { buckets, createKeys } from "../src/keys.ts";
import { until, useDocuments } from "./documents-support.ts";
import { patient } from "./servers.ts";

const tenant = "acme";
const note = { type: "x-note" as const, body: "one" };
const name = (index: number): string => `s-${String(index).padStart(5, "0")}`;
const one = { tenant, session: "s" };

async function fill({ log }: RedisStore, count: number): Promise<void> {
  for (let index = 0; index < count; index += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, count - index) }, (_, offset) =>
        log.append({ tenant, session: name(index + offset) }, [note]),
      ),
    );
}

/** All sessions by last write, page after page, and how many pages had none. */
async function listed(
  { log }: RedisStore,
  direction: "forward" | "backward" = "forward",
): Promise<{ readonly sessions: readonly string[]; readonly empty: number }> {
  const sessions: string[] = [];
  let empty = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await log.list(tenant, {
      order: "updated",
      direction,
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (page.items.length === 0 && page.cursor !== undefined) empty++;
    sessions.push(...page.items.map(({ session }) => session));
    cursor = page.cursor;
    if (cursor === undefined) return { sessions, empty };
  }
}

describe.skipIf(!requireService("redis", { for: "the order of last writes in store-redis" }))(
  "the order of last writes",
  () => {
    const open = useDocuments();

    it("costs an append one mark, that of the change feed", async () => {
      const { store, costOf } = open();
      await store.log.append(one, [note]);
      const { calls } = await costOf(() => store.log.append(one, [note]));
      expect(calls.get("zadd")).toBe(1);
      expect([...calls.keys()].filter((name) => name.startsWith("z"))).toEqual(["zadd"]);
    });

    it("is made once for what was written: the next list looks at no other head", async () => {
      const { store, other, costOf } = open();
      await fill(store, 100);
      const first = await costOf(() => store.log.list(tenant, { order: "updated", limit: 1 }));
      expect(first.calls.get("lindex")).toBe(100 + 2);
      await store.log.append({ tenant, session: name(7) }, [note]);
      const second = await costOf(() => other.log.list(tenant, { order: "updated", limit: 1 }));
      expect(second.calls.get("lindex")).toBe(1 + 2);
      const third = await costOf(() => other.log.list(tenant, { order: "updated", limit: 1 }));
      expect(third.calls.get("lindex")).toBe(2);
      expect((await listed(store)).sessions.at(-1)).toBe(name(7));
    });

    it("is made again when the index, or all that it followed, is lost", async () => {
      const { store, prefix, raw } = open();
      await store.log.append(one, [note]);
      await listed(store);
      const { updated, changes } = createKeys(prefix).session(tenant, one.session);
      await raw("DEL", updated);
      expect((await listed(store)).sessions).toEqual(["s"]);
      // The clock was ahead when the index was made, and the changes are lost: positions start again below it.
      await raw("ZADD", updated, `${(Date.now() + 3_600_000) * 1000}`, "\0");
      await raw("DEL", changes);
      await store.log.append(one, [note]);
      expect((await listed(store)).sessions).toEqual(["s"]);
      expect(Number(await raw("ZSCORE", updated, "\0"))).toBe(
        Number(await raw("ZSCORE", changes, "\0newest")),
      );
    });

    it("takes a session's place from its head, not from when it was changed", async () => {
      const { store } = open();
      for (const session of ["b", "a"])
        await until("a millisecond of its own", async () => {
          const before = (await store.log.head({ tenant, session: "b" }))?.updatedAt;
          await store.log.append({ tenant, session }, [note]);
          return (await store.log.head({ tenant, session }))?.updatedAt !== before;
        });
      await store.log.seal({ tenant, session: "b" });
      expect((await listed(store)).sessions).toEqual(["b", "a"]);
    });

    it("takes no place from a head that was read before another write", async () => {
      const { store, other, prefix, raw } = open();
      const { updatedAt } = (await store.log.append(one, [note]).then(() => store.log.head(one))) ?? {};
      // Once this list has read the head, the session is written again, and another list is faster.
      let isOvertaken = false;
      const overtaken = createRedisStore({
        ...patient,
        prefix,
        client: {
          async sendCommand(args: readonly RedisArgument[]) {
            const answer = await raw(...(args as readonly string[]));
            if (args[0] !== "LINDEX" || isOvertaken) return answer;
            isOvertaken = true;
            await until("the next millisecond", async () => {
              await store.log.append(one, [note]);
              return (await store.log.head(one))?.updatedAt !== updatedAt;
            });
            await listed(other);
            return answer;
          },
        },
      });
      expect((await listed(overtaken)).sessions).toEqual(["s"]);
      await overtaken.close();
      const { updated, changes } = createKeys(prefix).session(tenant, one.session);
      expect(Number(await raw("ZSCORE", updated, one.session))).toBe((await store.log.head(one))?.updatedAt);
      // Nor does it take back how far the other one came.
      expect(await raw("ZSCORE", updated, "\0")).toEqual(await raw("ZSCORE", changes, "\0newest"));
    });

    it("has a session again, behind all others, that was written while it was listed", async () => {
      const { store, prefix, raw } = open();
      await store.log.append(one, [note]);
      await listed(store);
      const { updatedAt } = (await store.log.head(one)) ?? {};
      let heads = 0;
      const slow = createRedisStore({
        ...patient,
        prefix,
        client: {
          async sendCommand(args: readonly RedisArgument[]) {
            if (args[0] === "LINDEX" && heads++ === 0)
              await until("the next millisecond", async () => {
                await store.log.append(one, [note]);
                return (await store.log.head(one))?.updatedAt !== updatedAt;
              });
            return await raw(...(args as readonly string[]));
          },
        },
      });
      expect((await listed(slow)).sessions).toEqual(["s"]);
      await slow.close();
    });

    it("is there on a server that has no room left", async () => {
      const { store, raw } = open();
      await fill(store, 50);
      await raw("CONFIG", "SET", "maxmemory", "1");
      try {
        await expect(store.log.append(one, [note])).rejects.toThrow();
        expect((await listed(store)).sessions).toHaveLength(50);
      } finally {
        await raw("CONFIG", "SET", "maxmemory", "0");
      }
    });

    it("is made by many lists at the same time, beside writers, and says what the heads say", async () => {
      const { store, other, prefix, raw } = open();
      await fill(store, 300);
      await raw("DEL", createKeys(prefix).bucket(tenant, 0).updated);
      await Promise.all([
        ...Array.from({ length: 200 }, (_, index) =>
          store.log.append({ tenant, session: name((index * 7) % 300) }, [note]),
        ),
        ...Array.from({ length: 10 }, () => listed(store)),
        ...Array.from({ length: 10 }, () => listed(other, "backward")),
      ]);
      const { sessions } = await listed(store);
      expect(sessions.toSorted()).toEqual(Array.from({ length: 300 }, (_, index) => name(index)));
      expect((await listed(other, "backward")).sessions).toEqual(sessions.toReversed());
      for (const session of sessions) {
        const { updated } = createKeys(prefix).session(tenant, session);
        const { updatedAt } = (await store.log.head({ tenant, session })) ?? {};
        expect(Number(await raw("ZSCORE", updated, session))).toBe(updatedAt);
      }
    });

    it("goes with the last session of a bucket, and starts behind what has ended", async () => {
      const { store, prefix, keys, costOf } = open();
      await store.log.append(one, [note]);
      await listed(store);
      const { updated } = createKeys(prefix).session(tenant, one.session);
      expect(await keys()).toContain(updated);
      await store.log.delete(one);
      expect(await keys()).not.toContain(updated);
      expect((await listed(store)).sessions).toEqual([]);
      expect(await keys()).not.toContain(updated);
      const ended = Array.from({ length: 50 }, (_, index) => ({ tenant, session: name(index) }));
      for (const address of ended) await store.log.append(address, [note]);
      for (const address of ended) await store.log.delete(address);
      await store.log.append(one, [note]);
      const { calls } = await costOf(() => store.log.list(tenant, { order: "updated", limit: 10 }));
      expect(calls.get("lindex")).toBe(2);
    });

    it("does so much in one call, and says with an empty page that there is more to do", async () => {
      const { store, other, prefix, raw } = open();
      await fill(store, 100);
      const { changes } = createKeys(prefix).bucket(tenant, 3);
      // Units that are gone need a look as well.
      const ended = Array.from({ length: 4500 }, (_, index) => [`${index + 1}`, `gone-${index}`]);
      await raw("ZADD", changes, ...ended.flat());
      for (let bucket = 0; bucket < buckets; bucket++)
        await raw("DEL", createKeys(prefix).bucket(tenant, bucket).updated);
      const page = await store.log.list(tenant, { order: "updated", direction: "backward" });
      expect(page.items).toEqual([]);
      expect(page.cursor).toBeDefined();
      for (let bucket = 0; bucket < buckets; bucket++)
        await raw("DEL", createKeys(prefix).bucket(tenant, bucket).updated);
      const { sessions, empty } = await listed(other);
      expect(empty).toBe(1);
      expect(sessions.toSorted()).toEqual(Array.from({ length: 100 }, (_, index) => name(index)));
      await raw("DEL", createKeys(prefix).bucket(tenant, 3).updated);
      const scanned: string[] = [];
      let pages = 0;
      for (let cursor: string | undefined; ; ) {
        const found = await store.log.scan(tenant, {
          limit: 1000,
          ...(cursor === undefined ? {} : { cursor }),
        });
        pages++;
        scanned.push(...found.items.map(({ session }) => session));
        cursor = found.cursor;
        if (cursor === undefined) break;
      }
      expect(pages).toBe(2);
      expect(scanned.toSorted()).toEqual(Array.from({ length: 100 }, (_, index) => name(index)));
    });
  },
);
