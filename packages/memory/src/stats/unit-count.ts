import { type ChangedUnit, fingerprint, type JsonValue } from "@relevo/core";
import { kindOfOwner } from "./count-owner.ts";
import type { SessionCount } from "./count-session.ts";
import { type Counters, Counting } from "./counters.ts";
import type { StatsPlace } from "./stats-place.ts";

/** What one unit adds: a session in one place, or an owner, whose documents may be in two stores. */
export type UnitCount =
  | { readonly kind: "session"; readonly session?: SessionCount | undefined }
  | { readonly kind: "owner"; readonly durable?: Counters; readonly volatile?: Counters };

/** A hash, so that no id of a session or a person is kept here. */
export function keyOf(unit: ChangedUnit, { sessions }: StatsPlace): string {
  return fingerprint(unit.kind === "session" ? [sessions ?? "", unit.session] : unit.namespace);
}

/** What the unit adds to the counts of the tenant. */
export function countersOf(
  unit: ChangedUnit,
  { sessions }: StatsPlace,
  count: UnitCount | undefined,
): Counters {
  const counting = new Counting();
  if (count?.kind === "session") {
    for (const part of [count.session?.events, count.session?.rest])
      for (const [name, value] of Object.entries(part ?? {})) counting.add(`${sessions}/${name}`, value);
  } else if (count?.kind === "owner" && unit.kind === "owner") {
    counting.addAll(count.durable ?? {});
    counting.addAll(count.volatile ?? {});
    const kind = kindOfOwner(unit.namespace);
    if (!isEmpty(count) && (kind === "people" || kind === "workspaces")) counting.add(kind);
  }
  return counting.counters();
}

/** Whether nothing is left of the unit. */
export function isEmpty(count: UnitCount): boolean {
  if (count.kind === "session") return count.session === undefined;
  return [count.durable, count.volatile].every((part) => Object.keys(part ?? {}).length === 0);
}

/** Without fields that are `undefined`. */
export function toJson(count: UnitCount): JsonValue {
  return JSON.parse(JSON.stringify(count)) as JsonValue;
}
