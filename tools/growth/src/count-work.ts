import { Session } from "node:inspector/promises";
import { getCompileCacheDir } from "node:module";
import { GCProfiler, getHeapStatistics } from "node:v8";
import { countSearches } from "./count-searches.ts";

/**
 * How often each thing was done in one run: a block of code that ran, an element that a search looked at, a byte that was
 * allocated. The same on a slow machine as on a fast one.
 */
export interface Work {
  /** Where, for a person, and how often. */
  readonly counts: Iterable<readonly [where: Counted, count: number]>;
  /** 0 for what was not done. A block that was not told apart has the count of the one around it. */
  countOf(where: Counted): number;
}

/** A method of the language or a range of a script, such as the body of a loop. */
export type Counted = string | Block;

export interface Block {
  readonly url: string;
  readonly functionName: string;
  readonly start: number;
  readonly end: number;
}

/** The bytes of the heap that a run took, whether they were freed meanwhile or not. */
export const allocation = "bytes allocated";

export interface WorkCounter extends Disposable {
  count(run: () => Promise<unknown>): Promise<Work>;
}

/**
 * Counts blocks in scripts that `isOurs` and are loaded from now on, with the counters that V8 has for coverage.
 *
 * @throws Error with Node's compile cache: what comes out of it has lost the positions of its blocks.
 */
export async function createWorkCounter(isOurs: (url: string) => boolean): Promise<WorkCounter> {
  if (getCompileCacheDir() !== undefined) throw new Error("Counting needs NODE_DISABLE_COMPILE_CACHE=1.");
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

  return {
    async count(run) {
      // Taking the counts sets them back to 0.
      await session.post("Profiler.takePreciseCoverage");
      const searches = countSearches();
      const bytes = countAllocated();
      try {
        await run();
      } finally {
        searches.stop();
      }
      const builtins = new Map(searches.counts).set(allocation, bytes());
      const { result } = await session.post("Profiler.takePreciseCoverage");
      const blocks = result
        .filter(({ url }) => isOurs(url))
        .flatMap(({ url, functions }) =>
          functions.flatMap(({ functionName, ranges }) =>
            ranges.map(({ startOffset: start, endOffset: end, count }): [Block, number] => [
              { url, functionName, start, end },
              count,
            ]),
          ),
        );
      const byUrl = Map.groupBy(blocks, ([{ url }]) => url);
      return {
        counts: [...blocks, ...builtins],
        countOf(where) {
          if (typeof where === "string") return builtins.get(where) ?? 0;
          const around = (byUrl.get(where.url) ?? []).filter(
            ([{ start, end }]) => start <= where.start && end >= where.end,
          );
          const length = ([{ start, end }]: [Block, number]): number => end - start;
          return around.sort((left, right) => length(left) - length(right))[0]?.[1] ?? 0;
        },
      };
    },
    [Symbol.dispose]: () => session.disconnect(),
  };
}

function countAllocated(): () => number {
  const profiler = new GCProfiler();
  profiler.start();
  let used = getHeapStatistics().used_heap_size;
  return () => {
    const end = getHeapStatistics().used_heap_size;
    let bytes = 0;
    for (const { beforeGC, afterGC } of profiler.stop().statistics) {
      bytes += beforeGC.heapStatistics.usedHeapSize - used;
      used = afterGC.heapStatistics.usedHeapSize;
    }
    return bytes + end - used;
  };
}
