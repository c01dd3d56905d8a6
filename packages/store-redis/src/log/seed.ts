import type { JsonObject } from "@relevo/core";
import type { StoreContext } from "../context.ts";
import { encoded, restOf } from "./head-codec.ts";

/** What a write that creates its session begins it with. */
export interface Seed {
  readonly session: string;
  readonly newIncarnation: string;
  /** 0 for a session that lives for ever. */
  readonly newTtl: number;
  readonly newFixed: boolean;
  /** Percent-encoded; empty for none. */
  readonly newSubject: string;
  readonly newRest: string;
}

export function seedOf(
  { ids, ttlMs, fixedExpiry }: StoreContext,
  session: string,
  { subject, metadata }: { readonly subject: string | undefined; readonly metadata: JsonObject },
): Seed {
  return {
    session,
    newIncarnation: ids.next(),
    newTtl: ttlMs ?? 0,
    newFixed: fixedExpiry,
    newSubject: encoded(subject) ?? "",
    newRest: restOf(subject, metadata),
  };
}
