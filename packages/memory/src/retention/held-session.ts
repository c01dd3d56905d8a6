import type { CallOptions, SessionHead } from "@relevo/core";
import { holdsOn } from "../erasure/holds.ts";
import type { Runtime } from "../runtime.ts";

export async function isHeldSession(
  runtime: Runtime,
  tenant: string,
  { session, subject }: SessionHead,
  options: CallOptions,
): Promise<boolean> {
  const selectors = subject === undefined ? [{ session }] : [{ session }, { user: subject }];
  return (await holdsOn(runtime, tenant, selectors, options)).length > 0;
}
