import type { CallOptions, JsonValue, Page, PageOptions } from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import type { RetentionPolicy } from "./policy.ts";

/** How much of each. */
export interface RetentionCounts {
  readonly sessions: number;
  readonly events: number;
  readonly documents: number;
  /** Summaries that take the place of what goes: of a session, or of several memories. */
  readonly summaries: number;
  /** What stays because of a legal hold: sessions and documents. */
  readonly held: number;
}

/** What `apply` leaves for an audit: by which policies how much went, and nothing of what it was. */
export interface RetentionRecord extends RetentionCounts {
  readonly id: string;
  readonly startedAt: number;
  /** Absent while it runs, and when its process ended before it did: then it has removed more than is counted. */
  readonly endedAt?: number;
  /** What could not be done, such as sessions in a turn: they are due again. */
  readonly skipped: number;
  /** True when `limit` was reached. */
  readonly more: boolean;
  /** The code of the error that ended it early. */
  readonly error?: string;
  readonly policies: readonly (RetentionCounts & { readonly of: RetentionPolicy })[];
}

export async function saveRecord(
  { durable: { documents } }: Runtime,
  tenant: string,
  record: RetentionRecord,
  options: CallOptions = {},
): Promise<void> {
  const address = { tenant, namespace: namespaces.retentions, key: record.id };
  await documents.put(address, { value: record as unknown as JsonValue }, options);
}

/** The records, newest first: their ids begin with the time. */
export async function listRecords(
  { durable: { documents } }: Runtime,
  tenant: string,
  options: PageOptions & CallOptions,
): Promise<Page<RetentionRecord>> {
  const query = { ...options, namespace: namespaces.retentions, direction: "backward" as const };
  const { items, cursor } = await documents.find({ tenant }, query);
  const records = items.map(({ value }) => value as unknown as RetentionRecord);
  return cursor === undefined ? { items: records } : { items: records, cursor };
}
