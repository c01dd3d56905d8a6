import type { HandoffEntry } from "./chain.ts";

/** What the way of control needs of a handoff. */
export type ControlEntry = Pick<HandoffEntry, "handoffId" | "from" | "to" | "parentId" | "mode" | "status">;

/** How control went through the handoffs of one session, by their index. */
export interface ControlLinks {
  readonly entries: readonly ControlEntry[];
  /** The handoff that gave control to the sender of this one, for each. */
  readonly before: readonly (number | undefined)[];
  /** Those that passed control, which rejected ones did not. */
  readonly passing: readonly number[];
  /** Those of `passing` after which control went no further. */
  readonly ends: readonly number[];
}

/** How far ways are followed back. */
const longestWay = 32;

/**
 * Finds for each handoff, in the order in which they started, the newest earlier one that led to it: the enclosing one or
 * one beside it, to the agent that hands over now. The loop guard follows control in the same way. A delegation that has
 * ended gave control back, so it leads to nothing beside it.
 */
export function predecessors(entries: readonly ControlEntry[]): ControlLinks {
  const byId = new Map<string, number>();
  const newestTo = new Map<string, number>();
  const before: (number | undefined)[] = [];
  const passing: number[] = [];
  const leading = new Set<number>();
  for (const [index, { handoffId, from, to, parentId, mode, status }] of entries.entries()) {
    if (status === "rejected") {
      before.push(undefined);
      continue;
    }
    const outer = parentId === undefined ? undefined : byId.get(parentId);
    const enclosing = outer !== undefined && entries[outer]?.to === from ? outer : undefined;
    const beside = newestTo.get(JSON.stringify([parentId ?? null, from]));
    const found = enclosing === undefined || (beside ?? -1) > enclosing ? beside : enclosing;
    before.push(found);
    if (found !== undefined) leading.add(found);
    passing.push(index);
    byId.set(handoffId, index);
    const returned = mode === "delegate" && status !== "running";
    if (!returned) newestTo.set(JSON.stringify([parentId ?? null, to]), index);
  }
  return { entries, before, passing, ends: passing.filter((index) => !leading.has(index)) };
}

/** The agents on the way to the receiver of this handoff, each once, but for one that hands over to itself. */
export function pathTo({ entries, before }: ControlLinks, index: number): readonly string[] {
  const last = entries[index];
  if (last === undefined) return [];
  const agents = [last.to, last.from];
  for (let at = before[index]; at !== undefined && agents.length < longestWay; at = before[at]) {
    const from = entries[at]?.from;
    if (from === undefined || agents.includes(from)) break;
    agents.push(from);
  }
  return agents.reverse();
}

/** The loop that this handoff closed: from the newest time that its receiver had control up to its sender. */
export function loopAt({ entries, before }: ControlLinks, index: number): readonly string[] | undefined {
  const agents: string[] = [];
  const to = entries[index]?.to;
  for (let at: number | undefined = index; at !== undefined && agents.length < longestWay; at = before[at]) {
    const from: string | undefined = entries[at]?.from;
    if (from === undefined) break;
    agents.push(from);
    if (from === to) return firstRotation(agents.reverse());
  }
  return undefined;
}

/** The rotation that comes first, so that A → B → A and B → A → B are one loop. */
function firstRotation(agents: readonly string[]): readonly string[] {
  const rotations = agents.map((_, index) => [...agents.slice(index), ...agents.slice(0, index)]);
  const keys = rotations.map((rotation) => JSON.stringify(rotation));
  const first = keys.reduce((best, key, index) => (key < (keys[best] ?? key) ? index : best), 0);
  return rotations[first] ?? agents;
}
