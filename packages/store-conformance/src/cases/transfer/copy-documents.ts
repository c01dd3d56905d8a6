import type {
  DocumentAddress,
  DocumentBatch,
  DocumentInput,
  DocumentScope,
  DocumentTransfer,
  ImportDocumentsResult,
  SessionAddress,
  TransferredDocument,
} from "@relevo/core";
import { type FullDocuments, type TransferHandles, transferHandles } from "../../capabilities.ts";
import { check, present } from "../../expect.ts";
import type { Capability, CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf } from "../../samples.ts";
import { caseOf, settle } from "../documents/support.ts";
import { copySession } from "./copy-session.ts";

/** A case about the transfer of documents. Its id is `transfer/documents-` and the name. */
export function documentTransferCase(
  name: string,
  contract: string,
  run: (context: CaseContext, handles: TransferHandles) => Promise<void>,
  ...needs: readonly Capability[]
): ConformanceCase {
  return caseOf(
    "transfer",
    `documents-${name}`,
    contract,
    async (context) => {
      const handles = transferHandles(context);
      if (handles !== undefined) await run(context, handles);
    },
    ["transfer", "documentTransfer", ...needs],
  );
}

/** Another tenant of the same store: as far apart as two stores. */
export function archiveTenant({ tenant }: CaseContext): string {
  return `${tenant}-archive`;
}

/** The session and its place in the archive. */
export function twoSessions(
  context: CaseContext,
  session = "session",
): readonly [source: SessionAddress, target: SessionAddress] {
  return [addressOf(context, session), { tenant: archiveTenant(context), session }];
}

/** The batches of all documents of a scope, at most `limit` in each. */
export async function exportBatches(
  context: CaseContext,
  documents: DocumentTransfer,
  scope: DocumentScope,
  limit = 100,
): Promise<readonly DocumentBatch[]> {
  if (scope.session === undefined) await settle(context);
  const batches: DocumentBatch[] = [];
  for (let cursor: string | undefined; ; ) {
    check(batches.length < 1000, "an export went on for 1000 pages: its cursor does not move on");
    const batch: DocumentBatch = present(
      await documents.exportDocuments(scope, { limit, cursor }),
      "the exported batch",
    );
    check(batch.documents.length <= limit, `a batch of ${batch.documents.length} under limit ${limit}`);
    batches.push(batch);
    ({ cursor } = batch);
    if (cursor === undefined) return batches;
  }
}

/** The documents of a scope as they are stored. */
export async function storedIn(
  context: CaseContext,
  documents: DocumentTransfer,
  scope: DocumentScope,
): Promise<readonly TransferredDocument[]> {
  const batches = await exportBatches(context, documents, scope);
  return batches.flatMap((batch) => batch.documents);
}

/** Imports all batches and adds up the counts. */
export async function importBatches(
  documents: DocumentTransfer,
  scope: DocumentScope,
  batches: readonly DocumentBatch[],
): Promise<ImportDocumentsResult> {
  const sum = { imported: 0, unchanged: 0, expired: 0 };
  for (const batch of batches) {
    const { imported, unchanged, expired } = await documents.importDocuments(scope, batch);
    sum.imported += imported;
    sum.unchanged += unchanged;
    sum.expired += expired;
  }
  return sum;
}

/** Seals a session and takes it with its documents into the target, which stays sealed. */
export async function copyWithDocuments(
  context: CaseContext,
  { log, documents, other }: TransferHandles,
  source: SessionAddress,
  target: SessionAddress,
): Promise<ImportDocumentsResult> {
  await copySession(log, source, other.log, target);
  return importBatches(other.documents, target, await exportBatches(context, documents, source));
}

/** Puts one document after another under the key that each has. */
export async function putAll(
  documents: FullDocuments,
  scope: DocumentScope,
  inputs: { readonly [key: string]: DocumentInput },
  namespace: readonly string[] = ["notes"],
): Promise<void> {
  for (const [key, input] of Object.entries(inputs)) await documents.put({ ...scope, namespace, key }, input);
}

export function inScope(
  scope: DocumentScope,
  key: string,
  namespace: readonly string[] = ["notes"],
): DocumentAddress {
  return { ...scope, namespace, key };
}

/** The only batch of an export. */
export async function onlyBatch(
  context: CaseContext,
  documents: DocumentTransfer,
  scope: DocumentScope,
): Promise<DocumentBatch> {
  const [batch, ...more] = await exportBatches(context, documents, scope);
  check(more.length === 0, "an export of a few documents takes several pages");
  return present(batch, "the exported batch");
}
