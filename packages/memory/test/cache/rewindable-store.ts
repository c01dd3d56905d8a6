import { type Clock, createManualClock, type ManualClock } from "@relevo/core";
import {
  type CreatedStore,
  createKeyValueDriver,
  createStore,
  type KeyValueEntry,
  type KeyValueSpace,
} from "@relevo/core/store";

/** A store whose server can lose its newest writes, as in a failover to a replica that had not seen them. */
export interface RewindableStore {
  readonly store: CreatedStore;
  readonly clock: ManualClock;
  /** Remembers the state. The result goes back to it. */
  save(): () => void;
}

export function createRewindableStore(): RewindableStore {
  const clock = createManualClock();
  let entries: ReadonlyMap<string, KeyValueEntry> = new Map();
  const space = mapSpace(
    clock,
    () => entries,
    (changed) => {
      entries = changed;
    },
  );
  const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
  return {
    store: createStore(createKeyValueDriver(space, { durability })),
    clock,
    save() {
      const saved = entries;
      return () => {
        entries = saved;
      };
    },
  };
}

function mapSpace(
  clock: Clock,
  get: () => ReadonlyMap<string, KeyValueEntry>,
  set: (entries: ReadonlyMap<string, KeyValueEntry>) => void,
): KeyValueSpace {
  let version = 0;
  return {
    read({ keys, ranges }) {
      const names = [...get().keys()].sort();
      return {
        entries: keys.map((key) => get().get(nameOf(key))),
        ranges: ranges.map(({ from, to, limit, reverse = false }) => {
          const within = names.filter((name) => name >= nameOf(from) && name < nameOf(to));
          const chosen = reverse ? within.toReversed() : within;
          return chosen.slice(0, limit).flatMap((name) => get().get(name) ?? []);
        }),
      };
    },
    commit(changes, conditions) {
      if (conditions.some((one) => get().get(nameOf(one.key))?.version !== one.version)) return false;
      const changed = new Map(get());
      for (const { key, value } of changes) {
        if (value === undefined) changed.delete(nameOf(key));
        else changed.set(nameOf(key), { key: key.slice(), value: value.slice(), version: ++version });
      }
      set(changed);
      return true;
    },
    now: () => clock.now(),
  };
}

/** Latin-1 keeps the order of bytes: each is one character. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}
