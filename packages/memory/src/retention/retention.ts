import { type CallOptions, isConflict, type JsonValue } from "@relevo/core";
import {
  admitCall,
  admitInteger,
  admitOptions,
  documentSortKey,
  type FieldTable,
  fieldTable,
} from "@relevo/core/input";
import { archiveOf, archiveSession } from "../archive/archive-session.ts";
import { VolatileSlot } from "../entries/volatile-slot.ts";
import { erase } from "../erasure/erase.ts";
import { clearPast } from "../history/past-values.ts";
import { agentNamespace, namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import { type Due, dueBy } from "./due.ts";
import { type ApplyOptions, admitPolicies, type RetentionPolicy } from "./policy.ts";

/** How much of each. */
export interface RetentionCounts {
  readonly sessions: number;
  readonly events: number;
  readonly documents: number;
  /** What stays because of a legal hold: sessions and documents. */
  readonly held: number;
}

export interface RetentionPlan extends RetentionCounts {
  /** By policy, in their order. What two policies name is in both. */
  readonly policies: readonly RetentionCounts[];
}

export interface RetentionReport extends RetentionPlan {
  /** Of the record that is kept of it. */
  readonly id: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What could not be done now, such as sessions in a turn: they are due again. */
  readonly skipped: number;
  /** True when `limit` was reached: call again. */
  readonly more: boolean;
}

export interface Retention {
  /** Counts what `apply` would remove, and writes nothing. Reads all that the policies select, page by page. */
  plan(options?: CallOptions): Promise<RetentionPlan>;
  /**
   * Removes what is due, at most `limit` of it, and keeps a record with counts and policies, not with content. What was
   * written after it was found stays. After a crash or an error, call it again: what is done is not due any more.
   */
  apply(options?: ApplyOptions): Promise<RetentionReport>;
}

const applyFields: FieldTable = fieldTable<ApplyOptions>({ signal: "refines", limit: "refines" });

/** Events that one call erases. */
const eventsAtOnce = 1000;

type Counts = { -readonly [Name in keyof RetentionCounts]: number };

/** What `tenant.retention` promises. */
export function createRetention(
  runtime: Runtime,
  tenant: string,
  given: readonly RetentionPolicy[],
): Retention {
  const policies = admitPolicies(runtime, given);
  if (policies.some((policy) => "sessions" in policy && policy.action === "archive")) archiveOf(runtime);
  return {
    async plan(givenOptions) {
      const options = admitCall(givenOptions);
      runtime.requireOpen();
      const counts = policies.map(zero);
      for (const [index, policy] of policies.entries())
        for await (const due of dueBy(runtime, tenant, policy, options)) count(counts[index], due);
      return { ...total(counts), policies: counts };
    },
    async apply(givenOptions) {
      const { limit = 1000, signal } = admitOptions(givenOptions, applyFields);
      admitInteger(limit, "options.limit", 1);
      const options = admitCall({ signal });
      runtime.requireOpen();
      const id = runtime.ids.next();
      const startedAt = runtime.clock.now();
      const counts = policies.map(zero);
      let skipped = 0;
      let left = limit;
      for (const [index, policy] of policies.entries()) {
        for await (const due of dueBy(runtime, tenant, policy, options)) {
          if (due.kind !== "held" && left === 0) return await report(true);
          const done = due.kind === "held" || (await remove(runtime, tenant, due, options));
          if (done) count(counts[index], due);
          else skipped++;
          if (due.kind !== "held") left--;
        }
      }
      return await report(false);

      async function report(more: boolean): Promise<RetentionReport> {
        const made: RetentionReport = {
          id,
          startedAt,
          endedAt: runtime.clock.now(),
          ...total(counts),
          policies: counts,
          skipped,
          more,
        };
        const value = { ...made, policies: counts.map((removed, at) => ({ ...removed, of: policies[at] })) };
        const address = { tenant, namespace: namespaces.retentions, key: id };
        await runtime.durable.documents.put(address, { value: value as unknown as JsonValue });
        return made;
      }
    },
  };
}

/** False when it is not to be removed now. */
async function remove(
  runtime: Runtime,
  tenant: string,
  due: Exclude<Due, { readonly kind: "held" }>,
  options: CallOptions,
): Promise<boolean> {
  try {
    switch (due.kind) {
      case "session":
        return await endSession(runtime, tenant, due, options);
      case "events":
        return await trim(runtime, tenant, due, options);
      case "memory":
        return await forgetMemory(runtime, tenant, due, options);
      default: {
        const { namespace, key, version } = due.document;
        const address = { tenant, namespace, key };
        return await due.store.documents.delete(address, { expectedVersion: version, ...options });
      }
    }
  } catch (error) {
    // Written, moved or in a turn meanwhile.
    if (isConflict(error)) return false;
    throw error;
  }
}

/** This version alone, with its past values and its copy in the volatile tier; that first, or a crash would leave it. */
async function forgetMemory(
  runtime: Runtime,
  tenant: string,
  { agent, document: { namespace, key, version } }: Extract<Due, { readonly kind: "memory" }>,
  options: CallOptions,
): Promise<boolean> {
  const { documents } = runtime.durable;
  const address = { tenant, namespace, key };
  const copy = { tenant, namespace: agentNamespace("volatile", agent), key };
  const slot = new VolatileSlot(runtime, copy, `${tenant}\0${documentSortKey(copy.namespace, key)}`);
  await slot.forgetCopy(options);
  if (!(await documents.delete(address, { expectedVersion: version, ...options }))) return false;
  if ((await documents.get(address, options)) === undefined) await clearPast(documents, address, options);
  // Another process may have made one again.
  await slot.forgetCopy(options);
  return true;
}

async function endSession(
  runtime: Runtime,
  tenant: string,
  { head: { session, incarnation, version }, action }: Extract<Due, { readonly kind: "session" }>,
  options: CallOptions,
): Promise<boolean> {
  const address = { tenant, session };
  const now = await runtime.sessions.log.head(address, options);
  if (now?.incarnation !== incarnation || now.version !== version) return false;
  if (action === "archive") return (await archiveSession(runtime, address, { waitMs: 0, ...options })).moved;
  return (await erase(runtime, tenant, { session }, options)).complete;
}

async function trim(
  runtime: Runtime,
  tenant: string,
  { head, beforeSeq, derived }: Extract<Due, { readonly kind: "events" }>,
  options: CallOptions,
): Promise<boolean> {
  const { session, incarnation } = head;
  const address = { tenant, session };
  // First what was derived from them, in the log and elsewhere: a trim alone would leave it.
  for (let from = head.firstSeq; derived === "erase" && from < beforeSeq; from += eventsAtOnce) {
    const seqs = [{ from, to: Math.min(beforeSeq, from + eventsAtOnce) - 1 }];
    await runtime.sessions.log.erase(address, { seqs, incarnation, ...options });
  }
  for (let more = true; more; )
    ({ more } = await runtime.sessions.log.trim(address, { beforeSeq, incarnation, ...options }));
  runtime.cache?.forget(address);
  return true;
}

function zero(): Counts {
  return { sessions: 0, events: 0, documents: 0, held: 0 };
}

function count(counts: Counts | undefined, due: Due): void {
  if (counts === undefined) return;
  if (due.kind === "held") counts.held++;
  else if (due.kind === "session") {
    counts.sessions++;
    counts.events += due.head.events;
  } else if (due.kind === "events") counts.events += due.count;
  else counts.documents++;
}

function total(counts: readonly Counts[]): RetentionCounts {
  const all = zero();
  for (const one of counts) for (const name of Object.keys(all) as (keyof Counts)[]) all[name] += one[name];
  return all;
}
