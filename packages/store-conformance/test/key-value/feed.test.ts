import { createManualClock, MemoryError } from "@relevo/core";
import { createKeyValueDriver, createStore, type KeyValueSpace } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const message = { type: "message", body: { role: "user", content: "Hello" } } as const;
const day = 24 * 3_600_000;

function openStore(wrap: (space: KeyValueSpace) => KeyValueSpace = (space) => space) {
  const clock = createManualClock();
  const space = createMapSpace(createMapEntries(), clock);
  return {
    clock,
    store: createStore(createKeyValueDriver(space, { durability })),
    other: createStore(createKeyValueDriver(wrap(space), { durability })),
  };
}

const sessionsOf = (page: {
  readonly units: readonly { readonly kind: string; readonly session?: string }[];
}) => page.units.map(({ session }) => session);

describe("the feed of the key-value driver", () => {
  it("misses no commit that was under way while it was read", async () => {
    const reached = Promise.withResolvers<void>();
    const allowed = Promise.withResolvers<void>();
    let commits = 0;
    const { store, other } = openStore((space) => ({
      ...space,
      async commit(changes, conditions, options) {
        if (++commits === 1) {
          reached.resolve();
          await allowed.promise;
        }
        return await space.commit(changes, conditions, options);
      },
    }));
    const slow = other.log.append({ tenant: "acme", session: "slow" }, [message]);
    await reached.promise;
    await store.log.append({ tenant: "acme", session: "fast" }, [message]);
    const first = await store.feed.changes("acme");
    expect(sessionsOf(first)).toEqual(["fast"]);
    allowed.resolve();
    await slow;
    const second = await store.feed.changes("acme", { cursor: first.cursor });
    expect(sessionsOf(second)).toEqual(["slow"]);
    expect(commits).toBe(2);
  });

  it("keeps the end of a session for a week, and then refuses who has not heard of it", async () => {
    const { store, clock } = openStore();
    await store.log.append({ tenant: "acme", session: "ends" }, [message]);
    await store.log.append({ tenant: "acme", session: "lives" }, [message]);
    const behind = await store.feed.changes("acme");
    await store.log.delete({ tenant: "acme", session: "ends" });
    const ahead = await store.feed.changes("acme", { cursor: behind.cursor });
    expect(ahead.units).toEqual([{ kind: "session", session: "ends" }]);

    clock.advance(7 * day - 1);
    await store.maintenance.expire();
    expect(sessionsOf(await store.feed.changes("acme", { cursor: behind.cursor }))).toEqual(["ends"]);
    clock.advance(1);
    await store.maintenance.expire();
    const refused = await store.feed
      .changes("acme", { cursor: behind.cursor })
      .catch((error: unknown) => error);
    expect(MemoryError.isInstance(refused, "history-lost") && refused.details).toEqual({ reason: "changes" });
    expect(sessionsOf(await store.feed.changes("acme", { cursor: ahead.cursor }))).toEqual([]);
    expect(sessionsOf(await store.feed.changes("acme"))).toEqual(["lives"]);
  });
});
