import { refuse } from "@relevo/core/input";

/** Before anything is read or leased for it. @throws `invalid-input`. */
export function admitFunction(given: unknown, field: string): void {
  if (typeof given !== "function") throw refuse(field, "must be a function.");
}
