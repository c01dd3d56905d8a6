import type { Member } from "./check-imports.ts";

/**
 * Where a target lists the projects whose changes make it run again: those that it leaves out although its tests load
 * them. They load what the project declares, and of that what it declares for those who use it.
 */
export function checkWatched({ name, manifest }: Member, members: readonly Member[]): readonly string[] {
  const { production, development } = manifest;
  const loaded = new Set<string>();
  const left = [...production, ...development];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const member = members.find((other) => other.name === next);
    if (member === undefined || next === name || loaded.has(next)) continue;
    loaded.add(next);
    left.push(...member.manifest.production);
  }
  return [...manifest.watched].flatMap(([target, watched]) =>
    [...loaded]
      .filter((other) => !watched.has(other))
      .map((other) => `the inputs of ${target} leave out ${other}, which its tests load`),
  );
}
