import type { CallOptions, SessionAddress, StoredEvent } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import type { MemoryStore } from "../runtime.ts";
import { addUsage, noUsage } from "../session/usage.ts";
import { type Counters, Counting } from "./counters.ts";

/** What a session adds to the counts, and how far its log is counted. */
export interface SessionCount {
  readonly incarnation: string;
  /** The last event that is counted. */
  readonly seq: number;
  /** The `removalRevision` up to which it is: after another removal the log is counted again. */
  readonly removal: number;
  readonly events: Counters;
  readonly rest: Counters;
}

/** How many events a call may still read. */
export interface Budget {
  events: number;
}

/**
 * Counts what is new in the log since `before`, and all of it when something was removed. `undefined` for a session that
 * there is not. `more` when the budget ended first; then another call continues.
 */
export async function countSession(
  store: MemoryStore,
  address: SessionAddress,
  before: SessionCount | undefined,
  budget: Budget,
  options: CallOptions,
): Promise<{ readonly count: SessionCount | undefined; readonly more: boolean }> {
  const head = await store.log.head(address, options);
  if (head === undefined) return { count: undefined, more: false };
  const { incarnation, removalRevision: removal } = head;
  const continues = before?.incarnation === incarnation && before.removal === removal;
  const counting = new Counting(continues ? before.events : {});
  let seq = continues ? before.seq : 0;
  // What is removed while this reads is counted or not; the mark is of before, so that the next call counts again.
  while (seq < head.version && budget.events > 0) {
    const page = await store.log.read(address, { after: seq, limit: maxPageSize, ...options });
    if (page.incarnation !== incarnation) break;
    for (const event of page.events) countEvent(counting, event);
    budget.events -= page.events.length;
    seq = page.next ?? page.version;
  }
  const rest = new Counting();
  rest.add("sessions");
  rest.add("events", head.events);
  rest.add("bytes", head.bytes);
  rest.add("documents/sessions/session", await store.documents.count(address, options));
  const count = { incarnation, seq, removal, events: counting.counters(), rest: rest.counters() };
  return { count, more: seq < head.version };
}

function countEvent(counting: Counting, event: StoredEvent): void {
  if (event.erasedAt !== undefined) return;
  if (event.type === "summary") counting.add("summaries");
  else if (event.type === "handoff") counting.add(`handoffs/${event.body.status}`);
  else if (event.type === "execution") counting.add(`executions/${event.body.status}`);
  else if (event.type === "message") {
    counting.add(`messages/${event.body.role}`);
    if (event.body.role !== "assistant") return;
    const usage = noUsage();
    addUsage(usage, event.body);
    for (const [name, value] of Object.entries(usage)) counting.add(`usage/${name}`, value);
  }
}
