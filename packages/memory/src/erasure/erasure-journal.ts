import {
  allPages,
  type CallOptions,
  type Document,
  type DocumentAddress,
  fingerprint,
  isConflict,
  type JsonValue,
} from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type { EraseCounts, EraseReport, EraseSelector } from "./erase-report.ts";

/** A session as it was found. */
export interface SeenSession {
  readonly incarnation: string;
  readonly version: number;
}

/** An erasure under way. Stored before it begins, so that a crash cannot make it forgotten. */
export interface Journal {
  readonly id: string;
  readonly selector: EraseSelector;
  readonly startedAt: number;
  /** Of the session, which is left alone when it was written since. */
  readonly seen?: SeenSession | undefined;
  /** How much was removed before this call. */
  readonly removed?: EraseCounts;
  readonly resumed: boolean;
}

/** Journals of erasures under way lie apart from the records of those that have ended. */
const runningNamespace: readonly string[] = [...namespaces.erasures, "running"];
const endedNamespace: readonly string[] = [...namespaces.erasures, "ended"];

/** One erasure of the same thing at a time: whoever asks again goes on with it. */
function runningAddress(tenant: string, selector: EraseSelector): DocumentAddress {
  return { tenant, namespace: runningNamespace, key: fingerprint(selector) };
}

/** A new journal, or the one that is there. */
export async function openJournal(
  { durable: { documents }, ids, clock }: Runtime,
  tenant: string,
  selector: EraseSelector,
  seen: SeenSession | undefined,
  options: CallOptions,
): Promise<Journal> {
  const address = runningAddress(tenant, selector);
  const call = signalOf(options);
  for (;;) {
    const found = await documents.get(address, call);
    // What this caller asks for counts: all of it, or only what it has seen.
    if (found !== undefined) return { ...journalOf(found), seen };
    const value = { id: ids.next(), selector, startedAt: clock.now(), ...(seen && { seen: { ...seen } }) };
    try {
      await documents.put(address, { value: value as unknown as JsonValue }, { expectedVersion: 0, ...call });
      return { ...value, resumed: false };
    } catch (error) {
      if (!isConflict(error, "version")) throw error;
    }
  }
}

export async function saveJournal(
  { durable: { documents } }: Runtime,
  tenant: string,
  { id, selector, startedAt, seen }: Journal,
  removed: EraseCounts,
  options: CallOptions,
): Promise<void> {
  const value = { id, selector, startedAt, removed: { ...removed }, ...(seen && { seen: { ...seen } }) };
  await documents.put(
    runningAddress(tenant, selector),
    { value: value as unknown as JsonValue },
    signalOf(options),
  );
}

/** Leaves a record of what was removed, which does not tell whose it was. */
export async function closeJournal(
  { durable: { documents } }: Runtime,
  tenant: string,
  { id, selector }: Journal,
  { startedAt, endedAt, removed, complete }: EraseReport,
): Promise<void> {
  const value = { id, startedAt, endedAt, removed: { ...removed }, complete };
  await documents.put({ tenant, namespace: endedNamespace, key: id }, { value });
  await documents.delete(runningAddress(tenant, selector));
}

/** The journals of erasures that have not ended. */
export async function* runningJournals(
  { durable: { documents } }: Runtime,
  tenant: string,
  options: CallOptions,
): AsyncGenerator<Journal, void, void> {
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant }, { ...cursor, namespace: runningNamespace, ...signalOf(options) });
  for await (const document of allPages(find)) yield journalOf(document);
}

function journalOf({ value }: Document): Journal {
  return { ...(value as unknown as Journal), resumed: true };
}
