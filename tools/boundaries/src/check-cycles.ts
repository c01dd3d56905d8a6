import { posix } from "node:path";
import type { SourceFile } from "./source-files.ts";

/**
 * The import cycles among the files of one project, type-only imports included: files that import each other, even
 * for their types alone, cannot be read or moved apart. One problem for each group of files that all reach each other.
 */
export function checkCycles(files: readonly Pick<SourceFile, "path" | "imports">[]): readonly string[] {
  const known = new Set(files.map(({ path }) => path));
  const targets = new Map(
    files.map(({ path, imports }) => [
      path,
      imports
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => posix.normalize(posix.join(posix.dirname(path), specifier)))
        .filter((target) => known.has(target)),
    ]),
  );
  return groupsOf(targets)
    .filter((group) => group.length > 1 || group.some((path) => targets.get(path)?.includes(path)))
    .map((group) => `import cycle: ${group.toSorted().join(", ")}`);
}

/** The strongly connected components of a graph, by Tarjan's algorithm with a stack of its own. */
function groupsOf(targets: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const groups: string[][] = [];

  function enter(path: string): Visit {
    order.set(path, order.size);
    lowest.set(path, order.size - 1);
    open.push(path);
    isOpen.add(path);
    return { path, rest: [...(targets.get(path) ?? [])] };
  }

  function lower(path: string, value: number | undefined): void {
    lowest.set(path, Math.min(lowest.get(path) ?? Infinity, value ?? Infinity));
  }

  function close(path: string): void {
    if (lowest.get(path) !== order.get(path)) return;
    const group = open.splice(open.lastIndexOf(path));
    for (const member of group) isOpen.delete(member);
    groups.push(group);
  }

  for (const start of targets.keys()) {
    if (order.has(start)) continue;
    const visits = [enter(start)];
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const next = visit.rest.pop();
      if (next === undefined) {
        visits.pop();
        close(visit.path);
        const parent = visits.at(-1);
        if (parent !== undefined) lower(parent.path, lowest.get(visit.path));
      } else if (!order.has(next)) {
        visits.push(enter(next));
      } else if (isOpen.has(next)) {
        lower(visit.path, order.get(next));
      }
    }
  }
  return groups;
}

/** A file being visited, with its imports that are still to be followed. */
interface Visit {
  readonly path: string;
  readonly rest: string[];
}
