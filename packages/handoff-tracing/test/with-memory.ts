import { createMemory, type Session, type SessionOptions } from "@relevo/memory";
import { type Bench, bench } from "./support.ts";

/** A bench whose session is an object of `@relevo/memory` over the same store. */
export function withMemory(
  options: Parameters<typeof bench>[0] = {},
): Omit<Bench, "session"> & { readonly session: Session; open(options?: SessionOptions): Session } {
  const on = bench(options);
  const { store, clock } = on;
  const tenant = createMemory({ store, clock }).tenant(on.session.tenant);
  const open = (given: SessionOptions = {}): Session => tenant.session(on.session.session, given);
  return { ...on, open, session: open() };
}
