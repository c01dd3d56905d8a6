import { context, type Span, SpanKind, trace } from "@opentelemetry/api";
import type { DocumentAddress } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import { conversationOf } from "./conversation.ts";
import { documentRecordId, documentStoreId } from "./memory-ids.ts";
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
  const inside = trace.setSpan(context.active(), parent);
  const around = conversationOf(inside);
  for (const { tenant, session = around, storeId, recordId } of records) {
    const attributes = {
      [genAi.operationName]: "delete_memory",
      [relevo.operation.name]: "record.delete",
      [relevo.tenant.name]: tenant,
      [genAi.memoryStoreId]: storeId,
      [genAi.memoryRecordId]: recordId,
      ...(session === undefined ? {} : { [genAi.conversationId]: session }),
    };
    telemetry.tracer.startSpan("delete_memory", { kind: SpanKind.INTERNAL, attributes }, inside).end();
  }
}
