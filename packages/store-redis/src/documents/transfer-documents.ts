import type { DocumentScope } from "@relevo/core";
import type {
  AdmittedDocumentImport,
  AdmittedExportDocuments,
  Answer,
  DriverDocuments,
} from "@relevo/core/store";
import { answerOf, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { decodeText } from "../log/head-codec.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { encodeDocument, encodeTags } from "./document-codec.ts";
import { encodeSources } from "./document-sources.ts";
import { type DocumentUnit, documentUnitOf, runOnUnit } from "./document-unit.ts";
import { findPage } from "./find-documents.ts";

/** A page of a search for everything, with documents as they are stored. */
export async function exportDocuments(
  context: StoreContext,
  { scope, limit, after, signal: given }: AdmittedExportDocuments,
): Promise<Answer<DriverDocuments | undefined>> {
  const signal = context.connection.scope(given);
  const everything = {
    scope,
    namespace: undefined,
    namespacePrefix: [],
    anyTags: [],
    allTags: [],
    where: undefined,
    text: undefined,
    updatedSince: Number.MIN_SAFE_INTEGER,
    keyAfter: undefined,
    keyBefore: undefined,
    direction: "forward",
    limit,
    after,
    signal,
  } as const;
  const page = await findPage(context, everything, { asStored: true, most: context.limits.batchBytes });
  if (page.refused !== undefined) return page;
  if (page.ok === undefined) return { ok: undefined };
  const { items, next } = page.ok;
  // Behind the documents: what is given later is greater.
  const units = unitsOf(context, scope, items);
  const answers = await Promise.all(units.map((unit) => greatestVersion(context, unit, signal)));
  let greatest = { incarnation: "", version: 0 };
  for (const answer of answers) {
    if (answer.refused !== undefined) return answer;
    // The session has ended while its documents were read.
    if (answer.ok === undefined) return { ok: undefined };
    if (answer.ok.version > greatest.version) greatest = answer.ok;
  }
  if (items.some(({ incarnation = "" }) => incarnation !== greatest.incarnation)) return { ok: undefined };
  const documents = items.map(({ incarnation: _, ...document }) => document);
  const { incarnation, version } = greatest;
  return { ok: { documents, version, next, ...(incarnation === "" ? {} : { incarnation }) } };
}

/** The unit of the session, or those of the documents. */
function unitsOf(
  context: StoreContext,
  scope: DocumentScope,
  documents: DriverDocuments["documents"],
): readonly DocumentUnit[] {
  if (scope.session !== undefined) return [documentUnitOf(context, scope, [])];
  const units = documents.map(({ namespace }) => documentUnitOf(context, scope, namespace));
  return [...new Map(units.map((unit) => [unit.keys.documents, unit])).values()];
}

async function greatestVersion(
  { connection }: StoreContext,
  unit: DocumentUnit,
  signal: AbortSignal,
): Promise<Answer<{ readonly incarnation: string; readonly version: number } | undefined>> {
  return answerOf(
    unit.session === undefined
      ? await connection.script(scripts.greatestAlone, unit.keys, {}, { signal })
      : await connection.script(scripts.greatestInSession, unit.keys, {}, { signal }),
    ([, incarnation, version]) => ({
      incarnation: decodeText(String(incarnation)),
      version: Number(version),
    }),
  );
}

/** One script. What it has done a second run refuses, by the versions that it finds: it may be asked for again. */
export async function importDocuments(
  context: StoreContext,
  request: AdmittedDocumentImport,
): Promise<Answer<{ readonly expired: number } | undefined>> {
  const { scope, owner, incarnation, fence, floor, writes } = request;
  const signal = context.connection.scope(request.signal);
  await context.tenants.register(scope.tenant, signal);
  const values = {
    least: floor,
    writes: writes.map((write) => ({
      key: write.sortKey,
      expectedVersion: write.expectedVersion,
      version: write.version,
      created: `${write.createdAt}`,
      updated: `${write.updatedAt}`,
      // 0 is for ever; a time before 1970 is over as well as the millisecond behind it.
      expires: write.expiresAt === undefined ? 0 : Math.max(1, write.expiresAt),
      tags: encodeTags(write.tags) + encodeSources(write.derivedFrom),
      json: encodeDocument(write),
    })),
  };
  const reply = replyOf(
    await runOnUnit(
      context,
      documentUnitOf(context, scope, owner ?? []),
      scripts.restoreAlone,
      scripts.restoreInSession,
      { incarnation, fence },
      values,
      { signal, repeatable: true, isSourced: writes.some(({ derivedFrom }) => derivedFrom !== undefined) },
    ),
  );
  const [status, current] = reply;
  if (status === "incarnation") return { refused: status, current: decodeText(String(current)) };
  if (status === "unsealed") return { refused: status, current: Number(current) };
  return answerOf(reply, ([, expired]) => ({ expired: Number(expired) }));
}
