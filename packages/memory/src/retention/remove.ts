import { type CallOptions, isConflict, MemoryError, type SeqRange } from "@relevo/core";
import { archiveSession } from "../archive/archive-session.ts";
import { eraseSeenSession } from "../erasure/erase-seen-session.ts";
import { isHeldDocument } from "../erasure/holds.ts";
import { deleteWithPast } from "../history/past-values.ts";
import type { Runtime } from "../runtime.ts";
import { markCleared } from "./cleared-mark.ts";
import type { Due } from "./due.ts";
import { forgetCopyOf } from "./forget-copy.ts";
import { isHeldSession } from "./held-session.ts";
import type { DueMemory } from "./memory-kinds.ts";
import { summarizeDocuments } from "./summarize-documents.ts";
import { summarizeEvents } from "./summarize-events.ts";

/** Events that one call erases. */
const eventsAtOnce = 1000;

/** `held` since it was found; `skipped` when it was written, moved or in a turn meanwhile, or could not be summarized. */
export type Removal =
  | { readonly outcome: "held" }
  /** `count` of documents when not all of them went. */
  | { readonly outcome: "done"; readonly count?: number }
  | { readonly outcome: "skipped"; readonly why?: string };

const done: Removal = { outcome: "done" };
const skipped: Removal = { outcome: "skipped" };
const held: Removal = { outcome: "held" };

/** Removes what was found, after another look for holds: one that was set before this call wins. */
export async function remove(
  runtime: Runtime,
  tenant: string,
  due: Exclude<Due, { readonly kind: "held" | "cleared" }>,
  options: CallOptions,
): Promise<Removal> {
  try {
    if (due.kind === "session") return await endSession(runtime, tenant, due, options);
    if (due.kind === "events") return await removeEvents(runtime, tenant, due, options);
    if (due.kind === "summary") {
      const result = await summarizeDocuments(runtime, tenant, due, options);
      if (result === undefined) return skipped;
      if ("failure" in result) return { outcome: "skipped", why: result.failure };
      return result.documents === 0 ? skipped : { outcome: "done", count: result.documents };
    }
    if (await isHeldDocument(runtime, tenant, due.document, options)) return held;
    if (due.kind === "memory") return (await forgetMemory(runtime, tenant, due, options)) ? done : skipped;
    const { namespace, key, version } = due.document;
    const address = { tenant, namespace, key };
    const isGone = await due.store.documents.delete(address, { expectedVersion: version, ...options });
    return isGone ? done : skipped;
  } catch (error) {
    // Written, moved or in a turn meanwhile.
    if (isConflict(error)) return skipped;
    // Ended meanwhile, as a fork that was erased with the session that it was made from.
    if (MemoryError.isInstance(error, "history-lost") || MemoryError.isInstance(error, "not-found"))
      return due.kind === "session" && due.action === "erase" ? done : skipped;
    throw error;
  }
}

/** This version alone, with its past values and its copy in the volatile tier; that first, or a crash would leave it. */
async function forgetMemory(
  runtime: Runtime,
  tenant: string,
  memory: DueMemory,
  options: CallOptions,
): Promise<boolean> {
  const { namespace, key, version } = memory.document;
  const address = { tenant, namespace, key };
  await forgetCopyOf(runtime, tenant, memory, options);
  if (!(await deleteWithPast(runtime, address, version, options))) return false;
  // Another process may have made one again.
  await forgetCopyOf(runtime, tenant, memory, options);
  return true;
}

async function endSession(
  runtime: Runtime,
  tenant: string,
  { head, action }: Extract<Due, { readonly kind: "session" }>,
  options: CallOptions,
): Promise<Removal> {
  const { session, incarnation, version } = head;
  const address = { tenant, session };
  if (action === "archive") {
    const now = await runtime.sessions.log.head(address, options);
    if (now?.incarnation !== incarnation || now.version !== version) return skipped;
    return (await archiveSession(runtime, address, { waitMs: 0, ...options })).moved ? done : skipped;
  }
  if (await isHeldSession(runtime, tenant, head, options)) return held;
  return (await eraseSeenSession(runtime, tenant, session, { incarnation, version }, options))
    ? done
    : skipped;
}

async function removeEvents(
  runtime: Runtime,
  tenant: string,
  due: Extract<Due, { readonly kind: "events" }>,
  options: CallOptions,
): Promise<Removal> {
  const { head, beforeSeq, summary, clearedSeq: seq } = due;
  const address = { tenant, session: head.session };
  const { incarnation } = head;
  for (let { firstSeq } = due; firstSeq < beforeSeq; ) {
    let cut = beforeSeq;
    if (summary !== undefined) {
      const part = { incarnation, firstSeq, beforeSeq, maxTokens: summary.maxTokens };
      const made = await summarizeEvents(runtime, address, part, options);
      if ("failure" in made) return { outcome: "skipped", why: made.failure };
      ({ cut } = made);
      // Who has erased or taken back a message since has removed the summary with it: the rest is not to go without one.
      if (made.seq !== undefined && !(await isThere(runtime, address, made.seq, options))) return skipped;
    }
    if (!(await removePart(runtime, tenant, due, { from: firstSeq, to: cut - 1 }, options))) return held;
    firstSeq = cut;
  }
  if (seq !== undefined) await markCleared(runtime, address, { incarnation, seq }, options);
  return done;
}

/** What is due of this part of the log. False when it came to be held. */
async function removePart(
  runtime: Runtime,
  tenant: string,
  { head, pinnedSeq, behindPinned, derived }: Extract<Due, { readonly kind: "events" }>,
  { from, to }: SeqRange,
  options: CallOptions,
): Promise<boolean> {
  const { log } = runtime.sessions;
  const address = { tenant, session: head.session };
  const { incarnation } = head;
  const beforeSeq = Math.min(pinnedSeq, to + 1);
  if (from < beforeSeq) {
    if (await isHeldSession(runtime, tenant, head, options)) return false;
    // First what was derived from them, in the log and elsewhere: a trim alone would leave it.
    for (let first = from; derived === "erase" && first < beforeSeq; first += eventsAtOnce) {
      const seqs = [{ from: first, to: Math.min(beforeSeq, first + eventsAtOnce) - 1 }];
      await log.erase(address, { seqs, incarnation, ...options });
    }
    for (let more = true; more; )
      ({ more } = await log.trim(address, { beforeSeq, incarnation, ...options }));
    runtime.cache?.forget(address);
  }
  // No trim reaches behind a pinned event.
  for (const batch of behindPinned) {
    const seqs = within(batch, { from, to });
    if (seqs.length === 0) continue;
    if (await isHeldSession(runtime, tenant, head, options)) return false;
    await log.erase(address, { seqs, derived, incarnation, ...options });
    runtime.cache?.forget(address);
  }
  return true;
}

/** What of the ranges, which are ascending, is in this one. */
function within(ranges: readonly SeqRange[], { from, to }: SeqRange): readonly SeqRange[] {
  if ((ranges[0]?.from ?? 0) > to || (ranges.at(-1)?.to ?? 0) < from) return [];
  return ranges.flatMap((range) =>
    range.from <= to && range.to >= from
      ? [{ from: Math.max(from, range.from), to: Math.min(to, range.to) }]
      : [],
  );
}

async function isThere(
  { sessions: { log } }: Runtime,
  address: { readonly tenant: string; readonly session: string },
  seq: number,
  options: CallOptions,
): Promise<boolean> {
  const query = { after: seq - 1, before: seq + 1, types: ["summary" as const], ...options };
  const { events } = await log.read(address, query);
  return events[0] !== undefined && events[0].erasedAt === undefined;
}
