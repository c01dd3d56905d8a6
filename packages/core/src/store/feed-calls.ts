import { admitOptions, type FieldTable, fieldTable } from "../input/fields.ts";
import { admitTenant } from "../input/ids.ts";
import { admitChoice, admitLimit, throwIfAborted } from "../input/numbers.ts";
import { callKinds } from "../input/option-kinds.ts";
import { refuse } from "../input/refuse.ts";
import type { Limits } from "../limits.ts";
import type { ChangesOptions } from "../ports/change-feed.ts";
import { admitCursor } from "./cursor.ts";
import type { AdmittedCall } from "./log-calls.ts";

const changesFields: FieldTable = fieldTable<ChangesOptions>({
  ...callKinds,
  cursor: "refines",
  from: "refines",
  limit: "refines",
});

export interface AdmittedChanges extends AdmittedCall {
  readonly tenant: string;
  /** Where a consumer without a position begins. */
  readonly from: "beginning" | "now";
  /** The `position` of the page before, as text from outside: a driver checks its form. */
  readonly after: string | undefined;
  readonly limit: number;
}

export function admitChanges(
  tenant: string,
  given: ChangesOptions | undefined,
  limits: Limits,
): AdmittedChanges {
  const options = admitOptions(given, changesFields);
  throwIfAborted(options.signal);
  const position = admitCursor("changes", options.cursor, 1);
  if (position !== undefined && options.from !== undefined)
    throw refuse("from", "cannot be given with a cursor, which says where to go on.");
  const after = position?.[0];
  if (after !== undefined && typeof after !== "string")
    throw refuse("cursor", "is not one that changes returned.");
  return {
    tenant: admitTenant(tenant, limits),
    signal: options.signal,
    from: admitChoice(options.from, "from", ["beginning", "now"], "beginning"),
    after,
    limit: admitLimit(options.limit),
  };
}
