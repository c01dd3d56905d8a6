import type { AppendOptions, AppendResult, EventInput, SessionAddress } from "@relevo/core";
import type { FullLog } from "../capabilities.ts";
import type { Mutant } from "../harness.ts";
import { breakStore, type StoreParts } from "./break-store.ts";

/** A mutant that replaces methods of the log. */
export function logMutant(
  id: string,
  target: string,
  defect: string,
  replace: (log: FullLog, parts: StoreParts) => Partial<FullLog>,
): Mutant {
  return {
    id,
    target,
    defect,
    mutate: (store, shared) => breakStore(store, shared, (parts) => ({ log: replace(parts.log, parts) })),
  };
}

/** A mutant whose appends see other events or options than were passed. */
export function appendMutant(
  id: string,
  target: string,
  defect: string,
  change: (
    events: readonly EventInput[],
    options: AppendOptions,
    address: SessionAddress,
    parts: StoreParts,
  ) =>
    | readonly [readonly EventInput[], AppendOptions]
    | Promise<readonly [readonly EventInput[], AppendOptions]>,
): Mutant {
  return logMutant(id, target, defect, (log, parts) => ({
    async append(address, events, options = {}): Promise<AppendResult> {
      return log.append(address, ...(await change(events, options, address, parts)));
    },
  }));
}

/** The object without these fields. */
export function without<Fields extends object>(fields: Fields, ...names: readonly (keyof Fields)[]): Fields {
  const rest = { ...fields };
  for (const name of names) delete rest[name];
  return rest;
}

/** What both handles share under this name, made at first use. */
export function sharedState<State>(parts: StoreParts, name: string, make: () => State): State {
  if (!parts.shared.has(name)) parts.shared.set(name, make());
  return parts.shared.get(name) as State;
}

/** A string for an address that no other address has. */
export function addressKey(address: SessionAddress): string {
  return JSON.stringify([address.tenant, address.session]);
}
