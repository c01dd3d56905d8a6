import type { MemoryErrorCode, SeqRange } from "@relevo/core";
import { rangesInclude } from "@relevo/core/input";

/** An event as the model keeps it. `text` stands for its body. */
export interface ModelEvent {
  readonly seq: number;
  readonly type: "message" | "summary" | "handoff" | "retraction";
  readonly text: string;
  readonly agent: string | undefined;
  readonly derivedFrom: readonly SeqRange[];
  retractedBy: number | undefined;
  erased: boolean;
}

export type ModelInput = Pick<ModelEvent, "type" | "text" | "agent" | "derivedFrom"> & {
  readonly retracts: readonly SeqRange[];
};

export interface ModelAppend {
  readonly events: readonly ModelInput[];
  readonly operation: { readonly id: string; readonly request: string } | undefined;
  readonly expectedVersion: number | undefined;
  readonly incarnation: number | undefined;
  readonly fence: number | undefined;
  /** How many removals the writer had seen; none when it does not say. */
  readonly removalsSeen: number | undefined;
}

export interface ModelRead {
  readonly after: number;
  readonly before: number;
  readonly limit: number;
  readonly direction: "forward" | "backward";
  readonly types: readonly string[] | undefined;
  readonly agent: string | undefined;
  readonly retracted: "exclude" | "include" | "only";
  readonly atVersion: number;
}

/** What the contract says must come back: a value, or a refusal by code and kind. */
export type Expected<Value> =
  | { readonly value: Value }
  | { readonly code: MemoryErrorCode; readonly kind?: string };

interface ModelSession {
  readonly incarnation: number;
  version: number;
  sealed: boolean;
  events: ModelEvent[];
  /** The seqs that each removal took out. */
  readonly removals: ReadonlySet<number>[];
  readonly operations: Map<
    string,
    { readonly request: string; readonly firstSeq: number; readonly version: number }
  >;
}

export interface ModelAppended {
  readonly firstSeq: number;
  readonly version: number;
  readonly incarnation: number;
  readonly replayed: boolean;
}

/** The contract of one session's log as plain code: no bounds, no clocks, no concurrency. */
export interface LogModel {
  /** The ordinal of the living incarnation, 1, 2, 3 …; 0 when there is no session. */
  incarnation(): number;
  version(): number;
  /** How many removals there were in this incarnation. */
  removals(): number;
  newestFence: number | undefined;
  append(call: ModelAppend): Expected<ModelAppended>;
  read(call: ModelRead): readonly ModelEvent[];
  head():
    | {
        readonly version: number;
        readonly firstSeq: number;
        readonly events: number;
        readonly sealed: boolean;
      }
    | undefined;
  /**
   * The seqs that must be reported, and those that may be: what was derived from the ranges but is blank already. A
   * store need not remember of a tombstone what it was derived from.
   */
  erase(
    ranges: readonly SeqRange[],
    keeps?: boolean,
  ): { readonly must: readonly number[]; readonly may: ReadonlySet<number> };
  /** True when one of these events is a tombstone: what is derived from those is left open by the contract. */
  isBlank(range: SeqRange): boolean;
  /** How many events went. */
  trim(beforeSeq: number): Expected<number>;
  delete(expectedVersion: number | undefined): Expected<boolean>;
  /** False when the session is not there or sealed, and so cannot be given a lifetime. */
  expire(): boolean;
  seal(sealed: boolean): Expected<undefined>;
}

export function createLogModel(): LogModel {
  let session: ModelSession | undefined;
  let incarnations = 0;
  const endedOperations = new Set<string>();

  function end(): void {
    for (const id of session?.operations.keys() ?? []) endedOperations.add(id);
    session = undefined;
  }

  function refusal(call: ModelAppend): Expected<ModelAppended> | undefined {
    const version = session?.version ?? 0;
    if (call.incarnation !== undefined && call.incarnation !== session?.incarnation)
      return { code: "history-lost" };
    if (call.operation !== undefined) {
      const known = session?.operations.get(call.operation.id);
      if (known !== undefined && session !== undefined) {
        if (known.request !== call.operation.request) return { code: "conflict", kind: "operation" };
        const { firstSeq, version: then } = known;
        return { value: { firstSeq, version: then, incarnation: session.incarnation, replayed: true } };
      }
      if (endedOperations.has(call.operation.id)) return { code: "history-lost" };
    }
    if (session?.sealed) return { code: "conflict", kind: "sealed" };
    if (call.fence !== undefined && call.fence !== model.newestFence)
      return { code: "conflict", kind: "fence" };
    if (call.expectedVersion !== undefined && call.expectedVersion !== version)
      return { code: "conflict", kind: "version" };
    if (isRemoved(call)) return { code: "conflict", kind: "removal" };
    const beyond = call.events.some(({ retracts }) => retracts.some(({ to }) => to > version));
    return beyond ? { code: "invalid-input" } : undefined;
  }

  /** Whether something that the events repeat was removed after their writer read it. */
  function isRemoved({ events, removalsSeen = 0 }: ModelAppend): boolean {
    const sources = events.flatMap(({ derivedFrom }) => derivedFrom);
    const removals = session?.removals ?? [];
    if (sources.length > 0 && removalsSeen > removals.length) return true;
    return removals.slice(removalsSeen).some((gone) => [...gone].some((seq) => rangesInclude(sources, seq)));
  }

  function noteRemoval(gone: Iterable<number>): void {
    const seqs = new Set(gone);
    if (seqs.size > 0) session?.removals.push(seqs);
  }

  /** Seqs of these events and of all that is derived from them and passes `follows`. */
  function closure(seqs: ReadonlySet<number>, follows: (event: ModelEvent) => boolean): Set<number> {
    const reached = new Set(seqs);
    for (let size = -1; size !== reached.size; ) {
      size = reached.size;
      for (const event of session?.events ?? []) {
        const derived = [...reached].some((seq) => rangesInclude(event.derivedFrom, seq));
        if (derived && follows(event)) reached.add(event.seq);
      }
    }
    return reached;
  }

  function retract(ranges: readonly SeqRange[], by: number): readonly number[] {
    const markable = ({ type, retractedBy, erased }: ModelEvent): boolean =>
      (type === "message" || type === "summary") && retractedBy === undefined && !erased;
    const named = (session?.events ?? []).filter(
      (event) => markable(event) && rangesInclude(ranges, event.seq),
    );
    const all = closure(
      new Set(named.map(({ seq }) => seq)),
      (event) => event.type === "summary" && event.seq < by && markable(event),
    );
    for (const event of session?.events ?? []) if (all.has(event.seq)) event.retractedBy = by;
    return [...all];
  }

  const model: LogModel = {
    newestFence: undefined,
    incarnation: () => session?.incarnation ?? 0,
    version: () => session?.version ?? 0,
    removals: () => session?.removals.length ?? 0,

    append(call) {
      const refused = refusal(call);
      if (refused !== undefined) return refused;
      session ??= {
        incarnation: ++incarnations,
        version: 0,
        sealed: false,
        events: [],
        removals: [],
        operations: new Map(),
      };
      const firstSeq = session.version + 1;
      for (const { retracts: _, ...event } of call.events) {
        session.events.push({ ...event, seq: ++session.version, retractedBy: undefined, erased: false });
      }
      const gone = call.events.flatMap(({ retracts }, index) => {
        const old = retracts.map(({ from, to }) => ({ from, to: Math.min(to, firstSeq - 1) }));
        return retracts.length > 0 ? retract(old, firstSeq + index) : [];
      });
      noteRemoval(gone);
      const { version, incarnation } = session;
      if (call.operation)
        session.operations.set(call.operation.id, { request: call.operation.request, firstSeq, version });
      return { value: { firstSeq, version, incarnation, replayed: false } };
    },

    read(call) {
      const selected = (session?.events ?? []).filter((event) => {
        const retracted = event.retractedBy !== undefined && event.retractedBy <= call.atVersion;
        return (
          event.seq > call.after &&
          event.seq < call.before &&
          event.seq <= call.atVersion &&
          (call.types?.includes(event.type) ?? true) &&
          (call.agent === undefined || (!event.erased && event.agent === call.agent)) &&
          (call.retracted === "include" || retracted === (call.retracted === "only"))
        );
      });
      return (call.direction === "forward" ? selected : selected.toReversed()).slice(0, call.limit);
    },

    head() {
      if (session === undefined) return undefined;
      const { version, events, sealed } = session;
      return { version, firstSeq: events[0]?.seq ?? version + 1, events: events.length, sealed };
    },

    erase(ranges, keeps = false) {
      const events = session?.events ?? [];
      const may = new Set(events.filter(({ erased }) => erased).map(({ seq }) => seq));
      // What was trimmed is gone, but what was derived from it still tells of it.
      const named = new Set<number>();
      for (const { from, to } of ranges) for (let seq = from; seq <= to; seq++) named.add(seq);
      // Through tombstones too: what was derived from them may have been kept.
      const all = keeps ? named : closure(named, () => true);
      const blank = events.filter(({ seq }) => all.has(seq));
      noteRemoval(blank.filter(({ erased }) => !erased).map(({ seq }) => seq));
      const must = blank.filter(({ seq, erased }) => !erased || named.has(seq)).map(({ seq }) => seq);
      for (const event of blank) event.erased = true;
      return { must, may };
    },

    isBlank: ({ from, to }) =>
      (session?.events ?? []).some(({ seq, erased }) => erased && from <= seq && seq <= to),

    trim(beforeSeq) {
      if (session === undefined) return { value: 0 };
      if (session.sealed) return { code: "conflict", kind: "sealed" };
      const gone = session.events.filter(({ seq }) => seq < beforeSeq);
      session.events = session.events.filter(({ seq }) => seq >= beforeSeq);
      noteRemoval(gone.map(({ seq }) => seq));
      return { value: gone.length };
    },

    delete(expectedVersion) {
      if (session === undefined) return { value: false };
      if (expectedVersion !== undefined && expectedVersion !== session.version)
        return { code: "conflict", kind: "version" };
      end();
      return { value: true };
    },

    expire() {
      if (session === undefined || session.sealed) return false;
      end();
      return true;
    },

    seal(sealed) {
      if (session === undefined) return { code: "not-found" };
      session.sealed = sealed;
      return { value: undefined };
    },
  };
  return model;
}
