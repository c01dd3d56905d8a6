import type { EventType } from "../events.ts";
import { admitOptions } from "../input/fields.ts";
import { admitId, admitOptionalId, admitTenant } from "../input/ids.ts";
import {
  admitChoice,
  admitInteger,
  admitLimit,
  admitTime,
  maxTime,
  throwIfAborted,
} from "../input/numbers.ts";
import type { Limits } from "../limits.ts";
import type { ListSessionsOptions } from "../ports/event-log.ts";
import type { ScanOptions } from "../ports/event-scan.ts";
import { admitCursor } from "./cursor.ts";
import { type AdmittedCall, admitTypes } from "./log-calls.ts";
import { listFields, scanFields } from "./log-fields.ts";

/** Where a session stands in a list. */
export interface ListPosition {
  readonly session: string;
  /** When it was last written; 0 in the order of ids. */
  readonly updatedAt: number;
}

export interface AdmittedListSessions extends AdmittedCall {
  readonly tenant: string;
  readonly order: "id" | "updated";
  readonly direction: "forward" | "backward";
  readonly subject: string | undefined;
  readonly idleSince: number | undefined;
  readonly prefix: string | undefined;
  readonly limit: number;
  /** The last session of the page before. */
  readonly after: ListPosition | undefined;
}

export function admitListSessions(
  tenant: string,
  given: ListSessionsOptions | undefined,
  limits: Limits,
): AdmittedListSessions {
  const options = admitOptions(given, listFields);
  throwIfAborted(options.signal);
  const order = admitChoice(options.order, "order", ["id", "updated"], "id");
  return {
    tenant: admitTenant(tenant, limits),
    signal: options.signal,
    order,
    direction: admitChoice(options.direction, "direction", ["forward", "backward"], "forward"),
    subject: admitOptionalId(options.subject, "subject", limits),
    idleSince: admitTime(options.idleSince, "idleSince"),
    prefix: admitOptionalId(options.prefix, "prefix", limits),
    limit: admitLimit(options.limit),
    after: admitListPosition(order, options.cursor, limits),
  };
}

/** The kind of the cursors of each order, so that none is taken for another's. */
export const listCursorKinds = { id: "sessions", updated: "sessions-updated" } as const;

function admitListPosition(
  order: "id" | "updated",
  cursor: string | undefined,
  limits: Limits,
): ListPosition | undefined {
  if (order === "id") {
    const position = admitCursor(listCursorKinds.id, cursor, 1);
    return position && { session: admitId(position[0], "cursor", limits), updatedAt: 0 };
  }
  const position = admitCursor(listCursorKinds.updated, cursor, 2);
  return (
    position && {
      updatedAt: admitInteger(position[0], "cursor", -maxTime, maxTime),
      session: admitId(position[1], "cursor", limits),
    }
  );
}

/** Where an event stands in the order of a scan. */
export interface ScanPosition {
  readonly recordedAt: number;
  readonly session: string;
  readonly seq: number;
}

export interface AdmittedScan extends AdmittedCall {
  readonly tenant: string;
  readonly types: ReadonlySet<EventType> | undefined;
  readonly agent: string | undefined;
  readonly since: number;
  readonly until: number;
  readonly limit: number;
  /** The last event of the page before. */
  readonly after: ScanPosition | undefined;
}

export function admitScan(tenant: string, given: ScanOptions | undefined, limits: Limits): AdmittedScan {
  const options = admitOptions(given, scanFields);
  throwIfAborted(options.signal);
  const position = admitCursor("scan", options.cursor, 3);
  return {
    tenant: admitTenant(tenant, limits),
    signal: options.signal,
    types: admitTypes(options.types, limits),
    agent: admitOptionalId(options.agent, "agent", limits),
    since: admitTime(options.since, "since") ?? Number.MIN_SAFE_INTEGER,
    until: admitTime(options.until, "until") ?? Number.MAX_SAFE_INTEGER,
    limit: admitLimit(options.limit),
    after: position && {
      recordedAt: admitInteger(position[0], "cursor", -maxTime, maxTime),
      session: admitId(position[1], "cursor", limits),
      seq: admitInteger(position[2], "cursor", 1),
    },
  };
}
