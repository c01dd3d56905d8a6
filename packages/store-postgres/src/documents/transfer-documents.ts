import type { TransferredDocument } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import {
  type AdmittedDocumentImport,
  type AdmittedExportDocuments,
  type AdmittedRestore,
  type Answer,
  type DriverDocuments,
  namespaceSortPrefix,
} from "@relevo/core/store";
import { answerColumns, answerOf, callFunction, type Refusable } from "../call-function.ts";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { functionCall } from "../schema/function-call.ts";
import { asText } from "../schema/sql-text.ts";
import { bodyOf } from "./document-writes.ts";
import { addressAt, placeOf } from "./place.ts";
import { type DocumentRow, documentColumns, documentOf } from "./rows.ts";

/** The last row has no place and no document. */
interface ExportRow extends DocumentRow {
  readonly r_place: string | null;
  readonly r_version: string;
  readonly r_next: string | null;
}

/** One page, in one call of the schema's `export_documents`. */
export async function exportDocuments(
  { database }: StoreContext,
  { scope, limit, after, signal }: AdmittedExportDocuments,
): Promise<Answer<DriverDocuments | undefined>> {
  const { call, values } = functionCall(database.schema, "export_documents", {
    tenant: scope.tenant,
    session: scope.session ?? "",
    after: after && placeOf(documentSortKey(after.namespace, after.key)),
    limit,
    bytes: database.limits.batchBytes,
  });
  const columns = `f.r_place, ${documentColumns("(f.r_document)")}, f.r_incarnation as incarnation, ${asText("f.r_version")} as r_version, f.r_next`;
  const rows = await database.call<ExportRow>(
    { name: "export_documents", text: () => `select ${columns} from ${call()} as f`, values },
    { effect: "read", signal },
  );
  const last = rows.at(-1);
  if (last === undefined) return { ok: undefined };
  const { incarnation, r_version, r_next } = last;
  return {
    ok: {
      ...(incarnation === null ? {} : { incarnation }),
      documents: rows.flatMap(transferredOf),
      version: exactNumber(r_version),
      ...(r_next === null ? {} : { next: addressAt(r_next) }),
    },
  };
}

function transferredOf({ r_place, ...row }: ExportRow): readonly TransferredDocument[] {
  return r_place === null ? [] : [documentOf(addressAt(r_place), { ...row, incarnation: null })];
}

interface ImportRow extends Refusable {
  readonly r_expired: string | null;
  readonly r_incarnation: string | null;
}

/** One unit, in one call of the schema's `import_documents`. */
export async function importDocuments(
  context: StoreContext,
  { scope, owner, incarnation, fence, floor, writes, signal }: AdmittedDocumentImport,
): Promise<Answer<{ readonly expired: number } | undefined>> {
  const [row] = await callFunction<ImportRow>(context, scope, {
    name: "import_documents",
    columns: `${answerColumns("r_index", "r_expired")}, f.r_incarnation`,
    given: {
      incarnation,
      fence,
      parts: JSON.stringify(writes.map(partOf)),
      bodies: JSON.stringify(writes.map(bodyOf)),
      sourced: writes.some(({ derivedFrom }) => derivedFrom !== undefined),
      owner: owner && placeOf(namespaceSortPrefix(owner)),
      floor,
    },
    // A repetition finds what the first call wrote, and is refused with its version.
    effect: "repeatable",
    signal,
  });
  if (row?.r_status === "incarnation") return { refused: "incarnation", current: row.r_incarnation ?? "" };
  if (row?.r_status === "unsealed")
    return { refused: "unsealed", current: exactNumber(row.r_current ?? "0") };
  return answerOf(row, ({ r_expired }) => ({ expired: exactNumber(r_expired ?? "0") }));
}

function partOf(write: AdmittedRestore): object {
  const { address, sortKey, tags, version, createdAt, updatedAt, expiresAt, expectedVersion } = write;
  const { namespace, key } = address;
  return {
    place: placeOf(sortKey),
    namespace,
    key,
    tags,
    version,
    created: createdAt,
    updated: updatedAt,
    expires: expiresAt,
    expected: expectedVersion,
  };
}
