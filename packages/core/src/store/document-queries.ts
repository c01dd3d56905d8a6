import type { DocumentScope } from "../address.ts";
import { admitFields, admitOptions } from "../input/fields.ts";
import { admitDocumentScope, admitId, admitNamespace, admitOptionalId, admitTags } from "../input/ids.ts";
import { admitChoice, admitInteger, admitLimit, admitTime, throwIfAborted } from "../input/numbers.ts";
import { refuse } from "../input/refuse.ts";
import { admitWhere } from "../input/where.ts";
import type { JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { CountOptions, FindOptions, NamespacesOptions } from "../ports/document-store.ts";
import type { Where } from "../where.ts";
import { admitCursor } from "./cursor.ts";
import { countFields, findFields, namespacesFields, tagFields } from "./document-fields.ts";
import type { AdmittedCall } from "./log-calls.ts";

/** Where a document stands in the order of its scope. */
export interface DocumentPosition {
  readonly namespace: readonly string[];
  readonly key: string;
}

export interface AdmittedFind extends AdmittedCall {
  readonly scope: DocumentScope;
  readonly namespace: readonly string[] | undefined;
  readonly namespacePrefix: readonly string[];
  readonly anyTags: readonly string[];
  readonly allTags: readonly string[];
  readonly where: Where | undefined;
  /** In lower case, to be looked for in `searchableText`. */
  readonly text: string | undefined;
  readonly updatedSince: number;
  readonly keyAfter: string | undefined;
  readonly keyBefore: string | undefined;
  readonly direction: "forward" | "backward";
  readonly limit: number;
  /** The last document of the page before. */
  readonly after: DocumentPosition | undefined;
}

export function admitFind(
  scope: DocumentScope,
  given: FindOptions | undefined,
  limits: Limits,
): AdmittedFind {
  const options = admitOptions(given, findFields);
  throwIfAborted(options.signal);
  const position = admitCursor("documents", options.cursor, 2);
  const { namespace } = options;
  const tags = options.tags === undefined ? {} : admitFields(options.tags, "tags", tagFields);
  return {
    scope: admitDocumentScope(scope, limits),
    signal: options.signal,
    namespace: namespace === undefined ? undefined : admitNamespace(namespace, "namespace", limits),
    namespacePrefix: admitNamespace(options.namespacePrefix ?? [], "namespacePrefix", limits),
    anyTags: admitTags(tags.any, "tags.any", limits),
    allTags: admitTags(tags.all, "tags.all", limits),
    where: admitWhere(options.where, limits),
    text: admitText(options.text, limits),
    updatedSince: admitTime(options.updatedSince, "updatedSince") ?? Number.MIN_SAFE_INTEGER,
    keyAfter: admitOptionalId(options.keyAfter, "keyAfter", limits),
    keyBefore: admitOptionalId(options.keyBefore, "keyBefore", limits),
    direction: admitChoice(options.direction, "direction", ["forward", "backward"], "forward"),
    limit: admitLimit(options.limit),
    after: positionIn(position, limits),
  };
}

/** The cells of a cursor. */
export function positionIn(
  position: readonly JsonValue[] | undefined,
  limits: Limits,
): DocumentPosition | undefined {
  return (
    position && {
      namespace: admitNamespace(position[0], "cursor", limits),
      key: admitId(position[1], "cursor", limits),
    }
  );
}

/** NUL and half a surrogate pair stand in no document, and databases refuse them with errors of their own. */
function admitText(text: unknown, limits: Limits): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (typeof text !== "string") throw refuse("text", "must be a string.");
  if (text.length > limits.metadataBytes)
    throw refuse("text", `must be a string of at most ${limits.metadataBytes} characters.`);
  if (text.includes("\0")) throw refuse("text", "must not hold a NUL character.");
  if (!text.isWellFormed()) throw refuse("text", "must not hold half of a surrogate pair.");
  return text.toLowerCase();
}

export interface AdmittedCount extends AdmittedCall {
  readonly scope: DocumentScope;
  readonly namespace: readonly string[] | undefined;
  readonly namespacePrefix: readonly string[];
}

export function admitCount(
  scope: DocumentScope,
  given: CountOptions | undefined,
  limits: Limits,
): AdmittedCount {
  const options: {
    readonly namespace?: unknown;
    readonly namespacePrefix?: unknown;
    readonly signal?: AbortSignal | undefined;
  } = admitOptions(given, countFields);
  throwIfAborted(options.signal);
  const { namespace, namespacePrefix } = options;
  if (namespace !== undefined && namespacePrefix !== undefined)
    throw refuse("options", "must have at most one of namespace and namespacePrefix.");
  return {
    scope: admitDocumentScope(scope, limits),
    signal: options.signal,
    namespace: namespace === undefined ? undefined : admitNamespace(namespace, "namespace", limits),
    namespacePrefix: admitNamespace(namespacePrefix ?? [], "namespacePrefix", limits),
  };
}

export interface AdmittedNamespaces extends AdmittedCall {
  readonly scope: DocumentScope;
  readonly prefix: readonly string[];
  readonly suffix: readonly string[];
  readonly maxDepth: number;
  readonly limit: number;
  readonly after: readonly string[] | undefined;
}

export function admitNamespaces(
  scope: DocumentScope,
  given: NamespacesOptions | undefined,
  limits: Limits,
): AdmittedNamespaces {
  const options = admitOptions(given, namespacesFields);
  throwIfAborted(options.signal);
  const position = admitCursor("namespaces", options.cursor, 1);
  return {
    scope: admitDocumentScope(scope, limits),
    signal: options.signal,
    prefix: admitNamespace(options.prefix ?? [], "prefix", limits),
    suffix: admitNamespace(options.suffix ?? [], "suffix", limits),
    maxDepth:
      options.maxDepth === undefined
        ? limits.namespaceElements
        : admitInteger(options.maxDepth, "maxDepth", 1),
    limit: admitLimit(options.limit),
    after: position && admitNamespace(position[0], "cursor", limits),
  };
}
