import { type Document, type DocumentAddress, type DocumentScope, MemoryError } from "@relevo/core";
import { conflict, documentSortKey, historyLost } from "@relevo/core/input";
import {
  type AdmittedDelete,
  type AdmittedDocument,
  type AdmittedGuard,
  type AdmittedPut,
  searchableText,
  sessionKey,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { functionCall } from "../schema/function-call.ts";
import { asTexts } from "../schema/sql-text.ts";
import { placeOf } from "./place.ts";
import { type DocumentRow, documentColumns, documentOf } from "./rows.ts";

/** What the functions of the schema answer besides their result. */
interface Answer {
  readonly r_status: string;
  /** These as `asText` gives them. */
  readonly r_index: string | null;
  readonly r_current: string | null;
}

interface PutRow extends Answer {
  readonly r_version: string;
  readonly r_created_at: string;
  readonly r_updated_at: string;
  readonly r_expires_at: string | null;
  readonly r_incarnation: string | null;
}

/** The columns of a function's answer: its status, and these numbers. */
const answer = (...numbers: readonly string[]): string =>
  `f.r_status, ${asTexts("f", ["r_index", "r_current", ...numbers])}`;

type Signal = AbortSignal | undefined;

/** Stores all or none, in one call of the schema's `put_documents`. `many` adds to a refusal which part it was. */
export async function putDocuments(
  context: StoreContext,
  request: AdmittedPut,
  many: boolean,
  signal: Signal,
): Promise<readonly Document[]> {
  const { writes } = request;
  const rows = await callFunction<PutRow>(context, request.scope, signal, {
    name: "put_documents",
    columns: `${answer("r_version", "r_created_at", "r_updated_at", "r_expires_at")}, f.r_incarnation`,
    given: {
      ...guardOf(request),
      parts: JSON.stringify(writes.map(partOf)),
      bodies: JSON.stringify(writes.map(bodyOf)),
      conditional: writes.some(({ expectedVersion }) => expectedVersion !== undefined),
      // For a session that the write begins.
      new_incarnation: request.scope.session === undefined ? undefined : context.ids.next(),
      subject: request.subject,
      init: JSON.stringify(request.metadata),
    },
  });
  throwRefusal(rows[0], many);
  // They come in the order in which they were written, which is that of places.
  const byIndex = new Map(rows.map((row) => [Number(row.r_index), row]));
  return writes.map((write, index) => storedOf(write, byIndex.get(index) as PutRow));
}

/** Removes all or none. Returns how many there were. */
export async function deleteDocuments(
  context: StoreContext,
  request: AdmittedDelete,
  many: boolean,
  signal: Signal,
): Promise<number> {
  const parts = request.deletes.map(({ sortKey, expectedVersion }) => ({
    place: placeOf(sortKey),
    expected: expectedVersion,
  }));
  const [row] = await callFunction<Answer & { readonly r_removed: string }>(context, request.scope, signal, {
    name: "delete_documents",
    columns: answer("r_removed"),
    given: { ...guardOf(request), parts: JSON.stringify(parts) },
  });
  throwRefusal(row, many);
  return exactNumber(row?.r_removed ?? "0");
}

/** Gives the document another end; `null` is none of its own. */
export async function touchDocument(
  context: StoreContext,
  address: DocumentAddress,
  ttlMs: number | null,
  guard: AdmittedGuard,
  signal: Signal,
): Promise<Document | undefined> {
  const [row] = await callFunction<Answer & DocumentRow>(context, address, signal, {
    name: "touch_document",
    columns: `${answer()}, f.r_incarnation as incarnation, ${documentColumns("(f.r_document)")}`,
    given: {
      ...guardOf(guard),
      parts: placeOf(documentSortKey(address.namespace, address.key)),
      ttl_ms: ttlMs,
    },
  });
  if (row?.r_status === "missing") return undefined;
  throwRefusal(row, false);
  return row && documentOf(address, row);
}

interface FunctionRequest {
  readonly name: string;
  readonly columns: string;
  readonly given: Readonly<Record<string, unknown>>;
}

/** One statement, for one session at a time: writers that wait here do not wait for its row's lock. */
async function callFunction<Row>(
  { database, turns, lockTimeoutMs }: StoreContext,
  { tenant, session }: DocumentScope,
  signal: Signal,
  { name, columns, given }: FunctionRequest,
): Promise<readonly Row[]> {
  const { call, values } = functionCall(database.schema, name, {
    tenant,
    session: session ?? "",
    lock_ms: lockTimeoutMs,
    ...given,
  });
  const text = `select ${columns} from ${call} as f`;
  const run = (timeoutMs?: number): Promise<readonly Row[]> =>
    // Done twice it could undo what another wrote in between.
    database.call<Row>(
      { name, text, values },
      {
        effect: "once",
        timeoutMs,
        signal,
      },
    );
  return session === undefined ? await run() : await turns.take(sessionKey(tenant, session), signal, run);
}

function guardOf({ incarnation, fence }: AdmittedGuard): Readonly<Record<string, unknown>> {
  return { incarnation, fence };
}

/** What is needed to look at a document before its body is. */
function partOf({ address, sortKey, tags, ttlMs, expectedVersion }: AdmittedDocument): object {
  const { namespace, key } = address;
  return { place: placeOf(sortKey), namespace, key, tags, ttl: ttlMs, expected: expectedVersion };
}

function bodyOf({ value, metadata }: AdmittedDocument): object {
  return { value, metadata, searchable: searchableText(value) };
}

function storedOf(write: AdmittedDocument, row: PutRow): Document {
  return Object.freeze({
    namespace: write.address.namespace,
    key: write.address.key,
    value: write.value,
    version: exactNumber(row.r_version),
    tags: write.tags,
    metadata: write.metadata,
    createdAt: exactNumber(row.r_created_at),
    updatedAt: exactNumber(row.r_updated_at),
    ...(row.r_expires_at === null ? {} : { expiresAt: exactNumber(row.r_expires_at) }),
    ...(row.r_incarnation === null ? {} : { incarnation: row.r_incarnation }),
  });
}

function throwRefusal(row: Answer | undefined, many: boolean): void {
  if (row?.r_status === "done") return;
  const current = exactNumber(row?.r_current ?? "0");
  switch (row?.r_status) {
    case "ended":
      throw historyLost("ended");
    case "sealed":
      throw conflict("sealed", { sealed: true });
    case "fence":
      throw conflict("fence", { fence: current });
    case "version":
      throw conflict(
        "version",
        many ? { version: current, index: Number(row.r_index) } : { version: current },
      );
    default:
      throw new MemoryError(
        "corrupt",
        `The schema's function answered ${row?.r_status ?? "nothing"}, which this package does not know.`,
      );
  }
}
