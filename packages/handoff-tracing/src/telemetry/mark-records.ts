import { type Attributes, context, type Span, SpanKind, trace } from "@opentelemetry/api";
import type { DocumentAddress, SessionAddress } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { genAi, type MemoryOperationName } from "./conventions.ts";
import { conversationOf } from "./conversation.ts";
import { documentRecordId, documentStoreId, sessionStoreId } from "./memory-ids.ts";
import type { Telemetry } from "./telemetry.ts";

/** A record that a call removed together with others. */
interface DeletedRecord {
  readonly tenant: string;
  readonly session?: string | undefined;
  readonly storeId: string;
  readonly recordId: string;
}

/** A call that removed more than this has one span only, which says how many it were. */
const maxMarked = 1000;

export function deletedDocument(address: DocumentAddress): DeletedRecord {
  return {
    tenant: address.tenant,
    session: address.session,
    storeId: documentStoreId(address),
    recordId: documentRecordId(address),
  };
}

/**
 * Gives each record that a call removed a `delete_memory` span inside the call's. By the conventions one such span for
 * all, without a record's id, would say that the whole store was emptied, and backends take it so.
 */
export function markDeleted(telemetry: Telemetry, parent: Span, records: readonly DeletedRecord[]): void {
  if (records.length > maxMarked) return;
  for (const { tenant, session, storeId, recordId } of records)
    mark(telemetry, parent, "delete_memory", {
      [relevo.operation.name]: "record.delete",
      [relevo.tenant.name]: tenant,
      [genAi.memoryStoreId]: storeId,
      [genAi.memoryRecordId]: recordId,
      ...(session === undefined ? {} : { [genAi.conversationId]: session }),
    });
}

/**
 * Gives a session whose log begins with this call a `create_memory_store` span inside the call's: no call does that
 * alone, because the first write creates what it writes to.
 */
export function markCreated(telemetry: Telemetry, parent: Span, { tenant, session }: SessionAddress): void {
  mark(telemetry, parent, "create_memory_store", {
    [relevo.operation.name]: "store.create",
    [relevo.tenant.name]: tenant,
    [genAi.memoryStoreId]: sessionStoreId(tenant, session),
    [genAi.conversationId]: session,
  });
}

function mark(telemetry: Telemetry, parent: Span, operation: MemoryOperationName, own: Attributes): void {
  const inside = trace.setSpan(context.active(), parent);
  const around = conversationOf(inside);
  const attributes = {
    [genAi.operationName]: operation,
    ...(around === undefined ? {} : { [genAi.conversationId]: around }),
    ...own,
  };
  telemetry.tracer.startSpan(operation, { kind: SpanKind.INTERNAL, attributes }, inside).end();
}
