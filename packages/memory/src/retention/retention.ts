import { type CallOptions, MemoryError } from "@relevo/core";
import { admitCall, admitInteger, admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { admitPolicies } from "./admit-policy.ts";
import { markCleared } from "./cleared-mark.ts";
import { type Due, dueBy } from "./due.ts";
import type { ClearedEvents } from "./due-events.ts";
import type { ApplyOptions, RetentionPolicy } from "./policy.ts";
import { remove } from "./remove.ts";
import { type RetentionCounts, saveRecord } from "./reports.ts";

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
  /** Why the summarizer left something as it is, each failure once, 20 at most. */
  readonly notices: readonly string[];
  /** True when `limit` was reached: call again. */
  readonly more: boolean;
}

export interface Retention {
  /** Counts what `apply` would remove, and writes nothing. Reads all that the policies select, page by page. */
  plan(options?: CallOptions): Promise<RetentionPlan>;
  /**
   * Removes what is due, at most `limit` of it, and keeps a record with counts and policies, not with content, for
   * `tenant.retentionRecords`. What was written after it was found stays. A hold is looked for again right before each removal:
   * one that was set before that wins. What is summarized goes when the summary is stored, and stays when there is none. After
   * a crash or an error, call it again: what is done is not due any more.
   */
  apply(options?: ApplyOptions): Promise<RetentionReport>;
}

const applyFields: FieldTable = fieldTable<ApplyOptions>({ signal: "refines", limit: "refines" });
const mostNotices = 20;

type Counts = { -readonly [Name in keyof RetentionCounts]: number };

/** What `tenant.retention` promises. */
export function createRetention(
  runtime: Runtime,
  tenant: string,
  given: readonly RetentionPolicy[],
): Retention {
  const policies = admitPolicies(runtime, given);
  return {
    async plan(givenOptions) {
      const options = admitCall(givenOptions);
      runtime.requireOpen();
      const counts = policies.map(zero);
      for (const [index, policy] of policies.entries())
        for await (const due of dueBy(runtime, tenant, policy, options))
          if (due.kind !== "cleared") count(counts[index] as Counts, due);
      return { ...total(counts), policies: counts };
    },
    async apply(givenOptions) {
      const { limit = 1000, signal } = admitOptions(givenOptions, applyFields);
      admitInteger(limit, "options.limit", 1);
      const options = admitCall({ signal });
      runtime.requireOpen();
      return new Run(runtime, tenant, policies, limit).apply(options);
    },
  };
}

/** One call of `apply`. */
class Run {
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #policies: readonly RetentionPolicy[];
  readonly #counts: readonly Counts[];
  readonly #notices: Set<string> = new Set();
  readonly #id: string;
  readonly #startedAt: number;
  #left: number;
  #skipped = 0;

  constructor(runtime: Runtime, tenant: string, policies: readonly RetentionPolicy[], limit: number) {
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#policies = policies;
    this.#counts = policies.map(zero);
    this.#id = runtime.ids.next();
    this.#startedAt = runtime.clock.now();
    this.#left = limit;
  }

  async apply(options: CallOptions): Promise<RetentionReport> {
    // First, so that one that a crash ends is known, too.
    await this.#save({ more: false }, options);
    try {
      const more = await this.#remove(options);
      const endedAt = this.#runtime.clock.now();
      await this.#save({ more, endedAt });
      return { ...this.#facts(more), endedAt, policies: this.#counts, notices: [...this.#notices] };
    } catch (error) {
      const code = MemoryError.isInstance(error) ? error.code : "unknown";
      const ended = { more: true, endedAt: this.#runtime.clock.now(), error: code };
      await this.#save(ended).catch(this.#runtime.onError);
      throw error;
    }
  }

  async #remove(options: CallOptions): Promise<boolean> {
    for (const [index, policy] of this.#policies.entries()) {
      const counts = this.#counts[index] as Counts;
      for await (const due of dueBy(this.#runtime, this.#tenant, policy, options)) {
        if (due.kind === "held") count(counts, due);
        else if (due.kind === "cleared") await this.#mark(due, options);
        else if (this.#left-- === 0) return true;
        else {
          const removal = await remove(this.#runtime, this.#tenant, due, options);
          if (removal.outcome === "held") counts.held++;
          else if (removal.outcome === "done") count(counts, due, removal.count);
          else {
            this.#skipped++;
            if (removal.why !== undefined && this.#notices.size < mostNotices) this.#notices.add(removal.why);
          }
        }
      }
    }
    return false;
  }

  #mark(
    { head: { session, incarnation }, clearedSeq: seq }: ClearedEvents,
    options: CallOptions,
  ): Promise<void> {
    return markCleared(this.#runtime, { tenant: this.#tenant, session }, { incarnation, seq }, options);
  }

  #facts(more: boolean): Omit<RetentionReport, "endedAt" | "policies" | "notices"> {
    return {
      id: this.#id,
      startedAt: this.#startedAt,
      ...total(this.#counts),
      skipped: this.#skipped,
      more,
    };
  }

  #save(
    { more, ...end }: { readonly more: boolean; readonly endedAt?: number; readonly error?: string },
    options?: CallOptions,
  ): Promise<void> {
    const policies = this.#policies.map((of, index) => ({ ...(this.#counts[index] as Counts), of }));
    return saveRecord(this.#runtime, this.#tenant, { ...this.#facts(more), ...end, policies }, options);
  }
}

function zero(): Counts {
  return { sessions: 0, events: 0, documents: 0, summaries: 0, held: 0 };
}

function count(counts: Counts, due: Exclude<Due, ClearedEvents>, documents?: number): void {
  if (due.kind === "held") counts.held++;
  else if (due.kind === "session") {
    counts.sessions++;
    counts.events += due.head.events;
  } else if (due.kind === "events") {
    counts.events += due.count;
    if (due.summary !== undefined) counts.summaries++;
  } else if (due.kind === "summary") {
    counts.documents += documents ?? due.memories.length;
    if (!due.isStored) counts.summaries++;
  } else counts.documents++;
}

function total(counts: readonly Counts[]): RetentionCounts {
  const all = zero();
  for (const one of counts) for (const name of Object.keys(all) as (keyof Counts)[]) all[name] += one[name];
  return all;
}
