import { posix } from "node:path";
import type { Member } from "./check-imports.ts";
import { packageName } from "./package-name.ts";
import type { SourceFile } from "./source-files.ts";

const tiers: { readonly [target: string]: RegExp } = {
  test: /^test\/.*(?<!\.slow)\.test\.ts$/u,
  slow: /^test\/.*\.slow\.test\.ts$/u,
};

/**
 * Where a target lists the projects whose changes make it run again: those that it leaves out although its tests load
 * them. They load what their files import, those of `src` included, and what that declares for those who use it.
 */
export function checkWatched(
  { name, manifest, files }: Member,
  members: readonly Member[],
): readonly string[] {
  return [...manifest.watched].flatMap(([target, watched]) => {
    const tier = tiers[target];
    if (tier === undefined) return [];
    const reached = reachedFiles(files, tier);
    const left = [...manifest.production, ...reached.flatMap(({ imports }) => imports.map(packageName))];
    const loaded = new Set<string>();
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const member = members.find((other) => other.name === next);
      if (member === undefined || next === name || loaded.has(next)) continue;
      loaded.add(next);
      left.push(...member.manifest.production);
    }
    return [...loaded]
      .filter((other) => !watched.has(other))
      .map((other) => `the inputs of ${target} leave out ${other}, which its tests load`);
  });
}

/** The test files of a tier, all sources, and the files that these import or name. */
function reachedFiles(files: readonly SourceFile[], tier: RegExp): readonly SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<SourceFile>();
  const left = files.filter(({ path }) => path.startsWith("src/") || tier.test(path));
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const other of [...file.imports, ...file.named]) {
      const found = byPath.get(posix.normalize(posix.join(posix.dirname(file.path), other)));
      if (found !== undefined) left.push(found);
    }
  }
  return [...reached];
}
