/** Names are short; a longer one is nobody's slip of the pen, and comparing it would take its length squared. */
const maxLength = 64;

/** The known name that was most likely meant, `undefined` when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > maxLength) return undefined;
  const written = name.toLowerCase();
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = distanceTo(written, candidate.toLowerCase());
    if (distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest !== undefined && least <= allowed(written, nearest) ? nearest : undefined;
}

/** A missing unit at the end (`ttl` for `ttlMs`) is near however short the name is. */
function allowed(written: string, nearest: string): number {
  if (written.length > 1 && nearest.toLowerCase().startsWith(written)) return maxLength;
  return Math.max(1, Math.floor(Math.min(written.length, nearest.length) / 3));
}

/** Edits between the two: a letter more, less or other, or two neighbours changed round. */
function distanceTo(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (!same && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1])
        edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
