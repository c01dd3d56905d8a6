import type { CallOptions } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import { VolatileSlot } from "../entries/volatile-slot.ts";
import type { Runtime } from "../runtime.ts";
import type { DueMemory } from "./memory-kinds.ts";

/** Removes the volatile copy of a memory; an independent volatile memory stays. */
export async function forgetCopyOf(
  runtime: Runtime,
  tenant: string,
  { copyNamespace, document: { key } }: DueMemory,
  options: CallOptions,
): Promise<void> {
  const copy = { tenant, namespace: copyNamespace, key };
  const slot = new VolatileSlot(runtime, copy, `${tenant}\0${documentSortKey(copyNamespace, key)}`);
  await slot.forgetCopy(options);
}
