import {
  allPages,
  type CallOptions,
  type Clock,
  defaultLimits,
  fingerprint,
  type HandoffRecord,
  isConflict,
  isEvent,
  MemoryError,
  type ReadOptions,
  type ReadResult,
  readPages,
  type SessionAddress,
  type SessionReference,
  type StoredEvent,
} from "@relevo/core";
import {
  type AdmittedSession,
  admitOptionalInteger,
  admitOptions,
  admitSession,
  admitTenant,
  callKinds,
  type FieldTable,
  fieldTable,
  throwIfAborted,
} from "@relevo/core/input";
import { appendReliably, callWithin, type Patience } from "./call-memory.ts";
import { inTurn } from "./in-turn.ts";
import { type LivenessSettings, signAddress } from "./liveness.ts";
import { endOperation } from "./operations.ts";

export interface AbandonOptions extends CallOptions {
  /**
   * Also marks handoffs whose start names no sign of life, when they started at least this long ago by the clocks of
   * the two processes. Without it those are left alone: nothing tells a slow one from a dead one.
   */
  readonly olderThanMs?: number | undefined;
}

export interface UpkeepOptions extends AbandonOptions {
  /** Only handoffs that started at or after this time; `next` of the call before. All when left out. */
  readonly since?: number | undefined;
}

/** A handoff that was marked as abandoned. */
export interface AbandonedHandoff extends SessionAddress {
  readonly handoffId: string;
  readonly from: string;
  readonly to: string;
}

export interface UpkeepResult {
  /** Those that this call marked. */
  readonly abandoned: readonly AbandonedHandoff[];
  /** How many of the handoffs looked at are running. */
  readonly running: number;
  /**
   * The `since` of the next call: what started before it needs no look any more. It stays before handoffs that run, and
   * before those without a sign of life only when `olderThanMs` says when they will be marked.
   */
  readonly next: number;
}

export interface AbandonSettings {
  readonly liveness: LivenessSettings;
  readonly clock: Clock;
  readonly patience: Patience;
  /** Told of each mark that was made. */
  readonly ended: (session: SessionAddress, record: HandoffRecord) => void;
}

const abandonKinds = { ...callKinds, olderThanMs: "refines" } as const;
const abandonFields: FieldTable = fieldTable<AbandonOptions>(abandonKinds);
const upkeepFields: FieldTable = fieldTable<UpkeepOptions>({ ...abandonKinds, since: "refines" });

/** A start without an end. */
interface OpenHandoff {
  readonly session: SessionAddress;
  readonly incarnation: string;
  readonly record: HandoffRecord;
  /** By the store's clock. */
  readonly recordedAt: number;
  readonly at: number;
}

/** Events that a scan may show late. */
const scanLagMs = 60_000;

/** Marks the session's handoffs that run no longer. */
export async function abandonStale(
  settings: AbandonSettings,
  reference: SessionReference,
  given: AbandonOptions | undefined,
): Promise<readonly AbandonedHandoff[]> {
  const options = admitAbandon(given, abandonFields);
  const session = admitSession(reference, "session", defaultLimits);
  const { log } = settings.liveness;
  const open = new Map<string, OpenHandoff>();
  const read = (query: ReadOptions): Promise<ReadResult> =>
    callWithin(settings.patience.timeoutMs, options.signal, "not-applied", (signal) =>
      session.reading(() => log.read(session.address, { ...query, signal })),
    );
  for await (const page of readPages(read, { types: ["handoff"], limit: 1000 })) {
    const { incarnation } = page;
    if (incarnation === undefined) return [];
    for (const event of page.events) note(open, session.address, incarnation, event);
  }
  const marked: AbandonedHandoff[] = [];
  for (const one of await withoutSign(settings, [...open.values()], options)) {
    if (await mark(settings, one, options, session)) marked.push(described(one));
  }
  return marked;
}

/**
 * Marks the handoffs of a tenant that run no longer, across sessions. Looks at every handoff event since `since`; memory
 * grows with the handoffs that are running.
 */
export async function upkeep(
  settings: AbandonSettings,
  tenantId: string,
  given: UpkeepOptions | undefined,
): Promise<UpkeepResult> {
  const options = admitAbandon(given, upkeepFields);
  const tenant = admitTenant(tenantId, defaultLimits);
  const since = admitOptionalInteger(options.since, "since", 0);
  const { signal } = options;
  const { log } = settings.liveness;
  const query = { types: ["handoff"], limit: 1000, ...(since === undefined ? {} : { since }) } as const;
  const open = new Map<string, OpenHandoff>();
  let newest = 0;
  for await (const { session, incarnation, event } of allPages((cursor) =>
    log.scan(tenant, { ...query, ...cursor, signal }),
  )) {
    newest = Math.max(newest, event.recordedAt);
    note(open, { tenant, session }, incarnation, event);
  }
  const running = new Set(open.values());
  const abandoned: AbandonedHandoff[] = [];
  for (const one of await withoutSign(settings, [...running], options)) {
    running.delete(one);
    if (await mark(settings, one, options, admitSession({ ...one.session, incarnation: one.incarnation }))) {
      abandoned.push(described(one));
    }
  }
  let next = newest - scanLagMs;
  for (const { recordedAt, record } of running) {
    // Nothing will ever be known of one without a sign: waiting for it would read the same events for ever.
    if (record.liveness !== undefined || options.olderThanMs !== undefined) next = Math.min(next, recordedAt);
  }
  return { abandoned, running: running.size, next: Math.max(next, since ?? 0) };
}

function admitAbandon<Options extends AbandonOptions>(
  given: Options | undefined,
  fields: FieldTable,
): Partial<Options> {
  const options = admitOptions(given, fields);
  throwIfAborted(options.signal);
  admitOptionalInteger(options.olderThanMs, "olderThanMs", 0);
  return options;
}

function note(
  open: Map<string, OpenHandoff>,
  session: SessionAddress,
  incarnation: string,
  event: StoredEvent,
): void {
  if (!isEvent(event, "handoff")) return;
  const { body: record, recordedAt, at = recordedAt } = event;
  const key = JSON.stringify([session.session, incarnation, record.handoffId]);
  if (record.status === "started") open.set(key, { session, incarnation, record, recordedAt, at });
  else open.delete(key);
}

/** Those of which nothing says that they live. */
async function withoutSign(
  { liveness: { documents, leases }, clock, patience }: AbandonSettings,
  open: readonly OpenHandoff[],
  { olderThanMs, signal }: AbandonOptions,
): Promise<readonly OpenHandoff[]> {
  const silent: OpenHandoff[] = [];
  const signed: OpenHandoff[] = [];
  const holders = new Map<string, number | undefined>();
  const within = <Result>(call: (signal: AbortSignal) => Promise<Result>): Promise<Result> =>
    callWithin(patience.timeoutMs, signal, "not-applied", call);
  for (const one of open) {
    const { record, session, at } = one;
    if (record.liveness === undefined) {
      if (olderThanMs !== undefined && clock.now() - at >= olderThanMs) silent.push(one);
    } else if ("fence" in record.liveness) {
      if (leases === undefined) throw needed("leases");
      if (!holders.has(session.session)) {
        const holder = await within((given) => leases.holder(session, { signal: given }));
        holders.set(session.session, holder?.fence);
      }
      if (holders.get(session.session) !== record.liveness.fence) silent.push(one);
    } else {
      if (documents === undefined) throw needed("documents");
      signed.push(one);
    }
  }
  for (let start = 0; start < signed.length; start += signsAtOnce) {
    const some = signed.slice(start, start + signsAtOnce);
    const addresses = some.map(({ session, record }) => signAddress(session, record.handoffId));
    const signs = await within(async (given) => await documents?.getMany(addresses, { signal: given }));
    silent.push(...some.filter((_, index) => signs?.[index] === undefined));
  }
  return silent;
}

const signsAtOnce = 100;

function needed(port: "documents" | "leases"): MemoryError {
  return new MemoryError(
    "unsupported",
    `Handoffs give their sign of life in ${port}: pass the store's ${port} to createHandoffs.`,
  );
}

/**
 * Records the end of a handoff in place of its own process, under the operation of that end: of all who do so at once one
 * writes, and none when the handoff has ended meanwhile. True when this call wrote it.
 */
async function mark(
  { liveness: { log }, clock, patience, ended }: AbandonSettings,
  { session, incarnation, record }: OpenHandoff,
  { signal }: CallOptions,
  writer: AdmittedSession,
): Promise<boolean> {
  const { handoffId, data: _data, liveness: _liveness, context, ...facts } = record;
  const { inline, ...places } = context ?? { policy: "none", passed: [], dropped: [] };
  const body: HandoffRecord = {
    handoffId,
    ...facts,
    status: "abandoned",
    // As in every end: an erasure may take the inline messages, and the rest can still be rebuilt.
    ...(inline === undefined ? {} : { context: places }),
  };
  const operation = {
    id: endOperation(handoffId),
    fingerprint: fingerprint({ handoffId, status: "abandoned" }),
  };
  try {
    const event = { type: "handoff", agent: record.to, at: clock.now(), body } as const;
    const events = inTurn(writer, [event]);
    const { replayed } = await writer.withGuard(({ init: _, ...guard }) => {
      const options = { ...guard, incarnation, operation, signal };
      return appendReliably(log, session, events, options, patience);
    });
    if (!replayed) ended(session, body);
    return !replayed;
  } catch (error) {
    if (isConflict(error, "operation") || MemoryError.isInstance(error, "history-lost")) return false;
    throw error;
  }
}

function described({ session, record: { handoffId, from, to } }: OpenHandoff): AbandonedHandoff {
  return { ...session, handoffId, from, to };
}
