import type { KeyValueChange, KeyValueCondition, KeyValueSpace } from "@relevo/core/store";

/** What goes wrong with commits, each a share of all from 0 to 1. */
export interface CommitFaults {
  /** Not applied, and says so: another writer was faster. */
  readonly conflict: number;
  /** Not applied, and the answer is lost. */
  readonly dropped: number;
  /** Applied, and the answer is lost. */
  readonly lost: number;
  /** The answer is lost, and the commit arrives later: before another commit, if its conditions still hold. */
  readonly late: number;
}

/** A space whose commits fail in every way that a driver has to live with. `random` gives numbers from 0 to below 1. */
export function createFaultySpace(
  space: KeyValueSpace,
  faults: CommitFaults,
  random: () => number,
): KeyValueSpace {
  const late: (() => unknown)[] = [];

  return {
    ...space,
    async commit(
      changes: readonly KeyValueChange[],
      conditions: readonly KeyValueCondition[],
      options: { readonly signal?: AbortSignal | undefined },
    ) {
      while (late.length > 0 && random() < 0.5) await late.shift()?.();
      let chance = random();
      const happens = (share: number): boolean => {
        chance -= share;
        return chance < 0 && chance >= -share;
      };
      if (happens(faults.conflict)) return false;
      if (happens(faults.dropped)) throw new Error("The answer was lost.");
      if (happens(faults.late)) {
        late.push(() => space.commit(changes, conditions, options));
        throw new Error("The answer was lost.");
      }
      const applied = await space.commit(changes, conditions, options);
      if (happens(faults.lost)) throw new Error("The answer was lost.");
      return applied;
    },
  };
}

/** Random numbers that are the same in every run: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
