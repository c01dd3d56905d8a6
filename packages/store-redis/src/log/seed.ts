import type { JsonObject } from "@relevo/core";
import type { StoreContext } from "../context.ts";
import { encoded, restOf } from "./head-codec.ts";

/** What a write that creates its session begins it with, as scripts take it. */
export interface Seed {
  readonly session: string;
  /** Percent-encoded. */
  readonly newIncarnation: string;
  /** 0 for a session that lives for ever. */
  readonly newTtl: number;
  readonly newFixed: boolean;
  /** Percent-encoded; empty for none. */
  readonly newSubject: string;
  readonly newRest: string;
}

/** What the caller says of a session that the write may create. */
interface Beginning {
  readonly subject: string | undefined;
  readonly metadata: JsonObject;
  /** `null` for ever; left out, the store's own. */
  readonly ttlMs?: number | null | undefined;
}

export function seedOf(
  { ids, ttlMs, fixedExpiry }: StoreContext,
  session: string,
  { subject, metadata, ttlMs: own }: Beginning,
): Seed {
  return {
    session,
    newIncarnation: encodeURIComponent(ids.next()),
    newTtl: (own === undefined ? ttlMs : own) ?? 0,
    newFixed: fixedExpiry,
    newSubject: encoded(subject) ?? "",
    newRest: restOf(subject, metadata),
  };
}

/** All of it as one argument, for a script that needs it only now and then: `incarnation|ttl|fixed|subject|metadata`. */
export function seedText({ newIncarnation, newTtl, newFixed, newRest }: Seed): string {
  return `${newIncarnation}|${newTtl}|${newFixed ? 1 : 0}|${newRest}`;
}
