import { createManualClock, MemoryError, type Store } from "@relevo/core";
import { createKeyValueDriver, createStore, type KeyValueSpace } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { createMapEntries, createMapSpace } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
const address = { tenant: "acme", session: "s" };
const message = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;

/** A store whose next commit is applied without an answer, and another on the same entries that is heard of first. */
function openStores(meanwhile: (other: Store) => Promise<unknown>): {
  readonly store: Store;
  readonly other: Store;
} {
  const clock = createManualClock();
  const space = createMapSpace(createMapEntries(), clock);
  const other = createStore(createKeyValueDriver(space, { durability }));
  let answers = false;
  const deaf: KeyValueSpace = {
    ...space,
    async commit(changes, conditions, options) {
      const applied = await space.commit(changes, conditions, options);
      if (answers) return applied;
      answers = true;
      await meanwhile(other);
      throw new Error("The answer was lost.");
    },
  };
  return { store: createStore(createKeyValueDriver(deaf, { durability })), other };
}

async function appendTimes(store: Store, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await store.log.append(address, [message("other")]);
}

describe("a commit whose answer was lost", () => {
  it("is found again after writes of others, and not made twice", async () => {
    for (const writes of [0, 1, 11]) {
      const { store, other } = openStores((one) => appendTimes(one, writes));
      const result = await store.log.append(address, [message("mine")]);
      expect(result).toMatchObject({ firstSeq: 1, version: 1, replayed: false });
      expect((await other.log.head(address))?.version).toBe(1 + writes);
    }
  });

  it("has an unknown outcome when too many others wrote, and is not made again", async () => {
    const { store, other } = openStores((one) => appendTimes(one, 12));
    const failure = await store.log.append(address, [message("mine")]).catch((error: unknown) => error);
    expect(MemoryError.isInstance(failure) && failure.outcome).toBe("unknown");
    expect((await other.log.head(address))?.version).toBe(13);
  });

  it("is answered as it was made, also when the session was deleted after it", async () => {
    const { store, other } = openStores((one) => one.log.delete(address));
    const result = await store.log.append(address, [message("mine")]);
    expect(result).toMatchObject({ firstSeq: 1, version: 1 });
    expect(await other.log.head(address)).toBeUndefined();
  });
});
