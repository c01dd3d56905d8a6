import type { Operation } from "../../../ports/event-log.ts";
import type { DocumentOperationRecord } from "../../document-operation.ts";
import { dueKey, generationKeys, tenantKeys } from "../layout.ts";
import type { KeyRecord } from "../space/records.ts";
import type { Transaction } from "../space/transaction.ts";

/** How long the operations of an owner's documents are remembered. In milliseconds; 25 hours, one to spare. */
export const ownerOperationMs: number = 25 * 3600 * 1000;

/** An operation of documents of one session. Stays for a week when its incarnation has ended. */
export interface SessionDocumentOperation {
  readonly generation: string;
  readonly record: DocumentOperationRecord;
}

/** An operation of documents of one owner. */
export interface OwnerDocumentOperation {
  readonly at: number;
  readonly record: DocumentOperationRecord;
}

/** What is known of the operation; `ended` when it was one of an incarnation that has ended. */
export function knownInSession(
  found: KeyRecord | undefined,
  generation: string | undefined,
): DocumentOperationRecord | "ended" | undefined {
  const known = found?.value as unknown as SessionDocumentOperation | undefined;
  if (known === undefined) return undefined;
  return known.generation === generation ? known.record : "ended";
}

export function rememberInSession(
  transaction: Transaction<never>,
  session: string,
  generation: string,
  { id }: Operation,
  record: DocumentOperationRecord,
): void {
  const { tenant } = transaction;
  const value: SessionDocumentOperation = { generation, record };
  transaction.put(tenantKeys.documentOperation(tenant, session, id), value as never);
  transaction.put(generationKeys(tenant, generation).operations("document", id), ["document", id]);
}

export function rememberOfOwner(
  transaction: Transaction<never>,
  owner: readonly string[],
  { id }: Operation,
  record: DocumentOperationRecord,
): void {
  const { tenant, now } = transaction;
  const value: OwnerDocumentOperation = { at: now, record };
  transaction.put(tenantKeys.ownerOperation(tenant, owner, id), value as never);
  const due = dueKey(now + ownerOperationMs, "owner-operation", tenant, id, ...owner);
  transaction.put(due, { kind: "owner-operation", tenant, owner: [...owner], id });
}
