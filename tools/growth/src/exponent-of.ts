/** How much processor time an input of one size took. */
export interface GrowthPoint {
  readonly size: number;
  readonly milliseconds: number;
}

/** Shorter times are mostly fixed costs and the compiler at work. */
const shortest = 3;
/** The largest sizes say most about growth: what grows slowly still hides the rest at the smaller ones. */
const newest = 4;

/**
 * The exponent `e` of `time = c × size^e` at the largest sizes: the median of the slopes between every two of the last
 * four points in a doubly logarithmic plot (Theil and Sen), which one wild measurement does not move. `undefined` when
 * fewer than three points took long enough.
 */
export function exponentOf(points: readonly GrowthPoint[]): number | undefined {
  const usable = points.filter(({ milliseconds }) => milliseconds >= shortest).slice(-newest);
  if (usable.length < 3) return undefined;
  const slopes: number[] = [];
  for (const [index, from] of usable.entries()) {
    for (const to of usable.slice(index + 1)) {
      slopes.push(Math.log(to.milliseconds / from.milliseconds) / Math.log(to.size / from.size));
    }
  }
  slopes.sort((left, right) => left - right);
  const middle = slopes.length / 2;
  return ((slopes[Math.ceil(middle) - 1] ?? 0) + (slopes[Math.floor(middle)] ?? 0)) / 2;
}
