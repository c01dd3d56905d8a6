import type { Span } from "@opentelemetry/api";
import type {
  EventInput,
  EventLog,
  EventTransfer,
  JsonValue,
  SessionAddress,
  StoredEvent,
} from "@relevo/core";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import { deletedDocument, markCreated, markDeleted } from "./mark-records.ts";
import { eventRecordId, sessionStoreId } from "./memory-ids.ts";
import type { MemoryRecord, Telemetry } from "./telemetry.ts";
import type { Operations } from "./trace-port.ts";

/** The session on a span; returns its id, which is that of the conversation. */
export function startSession(span: Span, { tenant, session }: SessionAddress): string {
  span.setAttribute(relevo.tenant.name, tenant);
  span.setAttribute(genAi.memoryStoreId, sessionStoreId(tenant, session));
  return session;
}

/** The tenant on the span of a call across sessions, which belongs to no conversation of its own. */
function startTenant(span: Span, tenant: string): undefined {
  span.setAttribute(relevo.tenant.name, tenant);
}

interface LogState {
  readonly incarnation?: string;
  readonly version: number;
}

function endState(span: Span, { incarnation, version }: LogState): void {
  if (incarnation !== undefined) span.setAttribute(relevo.incarnation.name, incarnation);
  span.setAttribute(relevo.version.name, version);
}

function endHead(span: Span, head: LogState | undefined): void {
  if (head !== undefined) endState(span, head);
}

function count(span: Span, records: number): void {
  span.setAttribute(genAi.memoryRecordCount, records);
}

function recordOf(event: EventInput | StoredEvent, seq: number): MemoryRecord {
  const { type, agent, body } = event;
  const metadata = agent === undefined ? { type } : { type, agent };
  return { id: eventRecordId(seq), content: body as unknown as JsonValue, metadata };
}

/** What spans say of the methods of a log. */
export function logOperations(telemetry: Telemetry): Operations<EventLog & EventTransfer> {
  return {
    append: {
      name: "log.append",
      memory: "create_memory",
      start(span, [address, events, options]) {
        count(span, events.length);
        if (options?.fence !== undefined) span.setAttribute(relevo.fence.name, options.fence);
        return startSession(span, address);
      },
      end(span, [{ tenant, session }, events], result) {
        endState(span, result);
        if (result.firstSeq === 1 && !result.replayed) markCreated(telemetry, span, { tenant, session });
        if (events.length === 1) span.setAttribute(genAi.memoryRecordId, eventRecordId(result.firstSeq));
        else span.setAttribute(relevo.firstSeq.name, result.firstSeq);
        // A replay answers for events with the ids and times of the first call, which this one does not know.
        if (result.replayed) span.setAttribute(relevo.replayed.name, true);
        else
          telemetry.setRecords(
            span,
            () => sessionStoreId(tenant, session),
            () => events.map((event, index) => recordOf(event, result.firstSeq + index)),
          );
      },
      changedNothing: ({ replayed }) => replayed,
      measure({ replays }, _, result) {
        if (result?.replayed === true) replays.add(1, { [relevo.operation.name]: "log.append" });
      },
    },
    operation: { name: "log.operation", start: (span, [address]) => startSession(span, address) },
    read: {
      name: "log.read",
      memory: "search_memory",
      start: (span, [address]) => startSession(span, address),
      end(span, [{ tenant, session }, options], result) {
        endState(span, result);
        count(span, result.events.length);
        if (options?.unlessToken !== undefined)
          span.setAttribute(relevo.unchanged.name, result.unchanged === true);
        telemetry.setRecords(
          span,
          () => sessionStoreId(tenant, session),
          () =>
            result.events.flatMap((event) => (event.body === undefined ? [] : [recordOf(event, event.seq)])),
        );
      },
      measure({ cacheReads }, [, options], result) {
        if (result !== undefined && options?.unlessToken !== undefined)
          cacheReads.add(1, { [relevo.unchanged.name]: result.unchanged === true });
      },
    },
    head: {
      name: "log.head",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, head) => endHead(span, head),
    },
    touch: {
      name: "log.touch",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, head) => endHead(span, head),
    },
    trim: {
      name: "log.trim",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, { removed }) => void span.setAttribute(relevo.removed.name, removed),
    },
    erase: {
      name: "log.erase",
      start: (span, [address]) => startSession(span, address),
      end(span, [{ tenant, session }], { erased, documents = [] }) {
        span.setAttribute(relevo.removed.name, erased.length);
        const storeId = sessionStoreId(tenant, session);
        const events = erased.map((seq) => ({ tenant, session, storeId, recordId: eventRecordId(seq) }));
        markDeleted(telemetry, span, [...events, ...documents.map(deletedDocument)]);
      },
    },
    delete: {
      name: "log.delete",
      memory: "delete_memory_store",
      start: (span, [address]) => startSession(span, address),
      changedNothing: (deleted) => !deleted,
    },
    list: { name: "log.list", start: (span, [tenant]) => startTenant(span, tenant) },
    scan: { name: "log.scan", start: (span, [tenant]) => startTenant(span, tenant) },
    seal: {
      name: "log.seal",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, head) => endHead(span, head),
    },
    unseal: {
      name: "log.unseal",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, head) => endHead(span, head),
    },
    exportEvents: {
      name: "log.export_events",
      start: (span, [address]) => startSession(span, address),
      end: (span, _, batch) => count(span, batch?.events.length ?? 0),
    },
    importEvents: {
      name: "log.import_events",
      start(span, [address, { events }]) {
        count(span, events.length);
        return startSession(span, address);
      },
      end(span, [address], head) {
        if (head.previousToken === undefined) markCreated(telemetry, span, address);
        endHead(span, head);
      },
    },
  };
}
