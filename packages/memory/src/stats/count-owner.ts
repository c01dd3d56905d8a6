import type { CallOptions } from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import type { MemoryStore } from "../runtime.ts";
import { type Counters, Counting } from "./counters.ts";

/** Whose documents an owner holds (see `unitOf`). */
type OwnerKind = "agents" | "outcomes" | "people" | "workspaces" | "knowledge" | "application";

/** `undefined` for what this package keeps for itself, such as marks of erasures. */
export function kindOfOwner(owner: readonly string[]): OwnerKind | undefined {
  const [first, second] = owner;
  if (first === namespaces.agents[0] && second === namespaces.agents[1]) return "agents";
  if (first === namespaces.outcomes[0]) return "outcomes";
  if (first === namespaces.users[0]) return "people";
  if (first === namespaces.workspaces[0]) return "workspaces";
  if (first === namespaces.knowledge[0]) return "knowledge";
  return first === "relevo" || first?.startsWith("relevo:") ? undefined : "application";
}

/** Where the entries of an owner are that have a tier, without that tier. */
const tieredPlaces: { readonly [Kind in OwnerKind]: readonly (readonly string[])[] } = {
  agents: [[]],
  outcomes: [],
  people: [["memory"], ["agents"]],
  workspaces: [["entries"]],
  knowledge: [],
  application: [],
};

/** What the documents of one owner in one store add to the counts; nothing when there are none. */
export async function countOwner(
  { documents }: MemoryStore,
  tenant: string,
  owner: readonly string[],
  tier: "durable" | "volatile",
  options: CallOptions,
): Promise<Counters> {
  const kind = kindOfOwner(owner);
  if (kind === undefined) return {};
  const scope = { tenant };
  // A namespace of one element is an owner by itself; those below it are others.
  const whole = owner.length === 1 ? { namespace: owner } : { namespacePrefix: owner };
  const all = await documents.count(scope, { ...whole, ...options });
  const counting = new Counting();
  if (all === 0) return counting.counters();
  counting.add("owners");
  if (kind === "knowledge" || kind === "application") counting.add(`documents/${kind}/${tier}`, all);
  for (const place of tieredPlaces[kind]) {
    for (const entryTier of ["durable", "volatile"] as const) {
      const namespacePrefix = [...owner, ...place, entryTier];
      const count = await documents.count(scope, { namespacePrefix, ...options });
      counting.add(`documents/${kind}/${entryTier}`, count);
    }
  }
  return counting.counters();
}
