import {
  admitFields,
  type FieldTable,
  fieldTable,
  requireKnownFields,
  requireObject,
} from "../input/fields.ts";
import { admitId, admitNamespace, admitTenant } from "../input/ids.ts";
import { admitJson } from "../input/json.ts";
import {
  admitChoice,
  admitInteger,
  admitLimit,
  admitTime,
  maxPageSize,
  throwIfAborted,
} from "../input/numbers.ts";
import { callKinds, pageKinds } from "../input/option-kinds.ts";
import { readArray } from "../input/read-array.ts";
import { refuse } from "../input/refuse.ts";
import { admitWhere } from "../input/where.ts";
import type { JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { CallOptions, PageOptions } from "../ports/common.ts";
import type {
  SearchChange,
  SearchFilter,
  SearchItem,
  SearchRequest,
  SearchSelector,
  SearchStream,
} from "../ports/search-index.ts";

const callFields: FieldTable = fieldTable<CallOptions>(callKinds);
const pageFields: FieldTable = fieldTable<PageOptions>(pageKinds);

const changeFields: FieldTable = fieldTable<SearchChange>({
  stream: "selects",
  revision: "selects",
  after: "selects",
  through: "selects",
  keep: "selects",
  items: "selects",
  language: "refines",
  subject: "refines",
  progress: "refines",
});

const itemFields: FieldTable = fieldTable<SearchItem>({
  position: "selects",
  terms: "selects",
  at: "selects",
  marks: "selects",
  times: "selects",
  speaker: "selects",
  names: "selects",
  agent: "selects",
  metadata: "selects",
  value: "selects",
  vector: "selects",
});

const requestFields: FieldTable = fieldTable<SearchRequest>({
  terms: "selects",
  speakers: "selects",
  times: "selects",
  vector: "selects",
  nearest: "selects",
  filter: "selects",
});

const filterFields: FieldTable = fieldTable<SearchFilter>({
  sessions: "selects",
  agents: "selects",
  subjects: "selects",
  namespaces: "selects",
  kinds: "selects",
  where: "selects",
  since: "selects",
  until: "selects",
});

const streamFields: ReadonlySet<string> = new Set(["kind", "session", "incarnation", "namespace", "key"]);
const selectorFields: ReadonlySet<string> = new Set(["all", "session", "namespacePrefix", "key"]);
const knownItemFields: ReadonlySet<string> = new Set(itemFields.keys());

const highestCount = 255;
const highestMarks = 2 ** 31 - 1;
const mostNames = 8;
const mostTerms = 10_000;
/** A change has items, which have metadata. */
const levelsAboveMetadata = 3;
/** The terms of a text, as JSON, take several times as much as the text. */
const termsToText = 8;

/** The tenant and the signal of a call of a search index. @throws `invalid-input`; `aborted` */
export function admitSearchCall(tenant: string, given: CallOptions | undefined, limits: Limits): string {
  const { signal } = admitFields(given ?? {}, "options", callFields);
  throwIfAborted(signal);
  return admitTenant(tenant, limits);
}

/** The page of `streams`. @throws `invalid-input`; `aborted` */
export function admitSearchPage(
  tenant: string,
  given: PageOptions | undefined,
  limits: Limits,
): { readonly tenant: string; readonly limit: number; readonly cursor: string | undefined } {
  const { signal, limit, cursor } = admitFields(given ?? {}, "options", pageFields);
  throwIfAborted(signal);
  return { tenant: admitTenant(tenant, limits), limit: admitLimit(limit, "options.limit"), cursor };
}

/**
 * A deeply frozen copy of a change in which everything is as the port says.
 *
 * @throws `invalid-input` that names the field; `too-large`.
 */
export function admitSearchChange(given: SearchChange, limits: Limits): SearchChange {
  const fields = admitFields(given, "change", changeFields);
  // One walk checks and copies all of it: no text is broken, no number is infinite, no property is read twice.
  const deeper = { ...limits, depth: limits.depth + levelsAboveMetadata };
  const { value } = admitJson(fields, "change", deeper, limits.batchBytes * termsToText, "batchBytes");
  const change = value as unknown as SearchChange;
  admitStream(change.stream, "change.stream", limits);
  admitInteger(change.revision, "change.revision", 0);
  const after = admitNumber(change.after ?? Number.NEGATIVE_INFINITY, "change.after");
  const through = admitNumber(change.through ?? Number.POSITIVE_INFINITY, "change.through");
  const kept = new Set(
    listOf(change.keep ?? [], "change.keep").map((one, index) =>
      admitInteger(one, `change.keep[${index}]`, 0),
    ),
  );
  const positions = new Set<number>();
  for (const [index, item] of listOf(change.items, "change.items").entries()) {
    const field = `change.items[${index}]`;
    const { position } = admitItem(item, field);
    const whole = Math.floor(position);
    if (whole <= after || whole > through) throw refuse(`${field}.position`, "is outside of the range.");
    if (positions.has(position) || kept.has(whole)) throw refuse(`${field}.position`, "is there twice.");
    positions.add(position);
  }
  if (change.language !== undefined) admitId(change.language, "change.language", limits);
  if (change.subject !== undefined) admitId(change.subject, "change.subject", limits);
  return change;
}

function admitStream(stream: SearchStream, field: string, limits: Limits): void {
  requireObject(stream, field);
  requireKnownFields(stream, field, streamFields);
  if (stream.kind === "session") {
    admitId(stream.session, `${field}.session`, limits);
    admitId(stream.incarnation, `${field}.incarnation`, limits);
    return;
  }
  admitChoice<string>(stream.kind ?? "", `${field}.kind`, ["session", "document"], "");
  if (stream.session !== undefined) admitId(stream.session, `${field}.session`, limits);
  if (admitNamespace(stream.namespace, `${field}.namespace`, limits).length === 0)
    throw refuse(`${field}.namespace`, "must have at least one element.");
  admitId(stream.key, `${field}.key`, limits);
}

/** `item` is a copy that JSON could carry. */
function admitItem(item: unknown, field: string): SearchItem {
  requireObject(item, field);
  requireKnownFields(item, field, knownItemFields);
  const { position, terms, at, marks, times, speaker, names, agent, vector } = item as SearchItem;
  admitNumber(position, `${field}.position`);
  if (admitTime(at, `${field}.at`) === undefined) throw refuse(`${field}.at`, "is missing.");
  admitInteger(marks, `${field}.marks`, 0, highestMarks);
  admitTerms(terms, `${field}.terms`);
  if (times !== undefined) admitTimes(times, `${field}.times`);
  if (speaker !== undefined) admitText(speaker, `${field}.speaker`);
  if (agent !== undefined) admitText(agent, `${field}.agent`);
  if (vector !== undefined) admitVector(vector, `${field}.vector`);
  if (
    names !== undefined &&
    listOf(names, `${field}.names`, mostNames).some((name) => typeof name !== "string")
  )
    throw refuse(`${field}.names`, "must be strings.");
  return item as SearchItem;
}

function admitTerms(terms: unknown, field: string): void {
  const seen = new Set<unknown>();
  for (const [index, entry] of listOf(terms, field).entries()) {
    const at = `${field}[${index}]`;
    const [term, statements, questions] = listOf(entry, at, 3);
    admitText(term, `${at}[0]`);
    admitInteger(statements, `${at}[1]`, 0, highestCount);
    admitInteger(questions, `${at}[2]`, 0, highestCount);
    if (statements === 0 && questions === 0) throw refuse(at, "must have a count above 0.");
    if (seen.has(term)) throw refuse(at, "has a term that is there before.");
    seen.add(term);
  }
}

function admitTimes(times: unknown, field: string): void {
  const ends = listOf(times, field).map((time, index) => admitNumber(time, `${field}[${index}]`));
  if (ends.length % 2 === 1) throw refuse(field, "must have an end for each beginning.");
  for (let index = 0; index < ends.length; index += 2)
    if ((ends[index] ?? 0) > (ends[index + 1] ?? 0)) throw refuse(`${field}[${index}]`, "is after its end.");
}

function admitVector(vector: unknown, field: string): void {
  const numbers = listOf(vector, field).map((one, index) => admitNumber(one, `${field}[${index}]`));
  let square = 0;
  for (const number of numbers) square += number * number;
  if (!(square > 0) || !Number.isFinite(square))
    throw refuse(field, "must have a length above 0: it has no direction otherwise. Leave it out.");
}

function admitNumber(input: unknown, field: string): number {
  if (typeof input !== "number" || Number.isNaN(input)) throw refuse(field, "must be a number.");
  return input;
}

function admitText(input: unknown, field: string): void {
  if (typeof input !== "string" || input === "") throw refuse(field, "must be a string that is not empty.");
}

function listOf(
  input: unknown,
  field: string,
  maximum: number = Number.MAX_SAFE_INTEGER,
): readonly unknown[] {
  return readArray(input, field, "an array", maximum);
}

/** @throws `invalid-input` for anything that does not name streams in one way. */
export function admitSearchSelector(given: SearchSelector, limits: Limits): SearchSelector {
  requireObject(given, "selector");
  requireKnownFields(given, "selector", selectorFields);
  const { all, session, namespacePrefix, key } = given as {
    readonly [name in "all" | "session" | "namespacePrefix" | "key"]?: unknown;
  };
  const ways = [all, session, namespacePrefix].filter((way) => way !== undefined).length;
  if (ways !== 1 || (key !== undefined && namespacePrefix === undefined))
    throw refuse(
      "selector",
      "must be { all: true }, { session }, or { namespacePrefix } with or without { key }.",
    );
  if (all !== undefined) {
    if (all !== true) throw refuse("selector.all", "must be true.");
    return { all };
  }
  if (session !== undefined) return { session: admitId(session, "selector.session", limits) };
  const prefix = admitNamespace(namespacePrefix, "selector.namespacePrefix", limits);
  if (!Object.hasOwn(given, "key")) return { namespacePrefix: prefix };
  return { namespacePrefix: prefix, key: admitId(key, "selector.key", limits) };
}

/** @throws `invalid-input` */
export function admitSearchGroups(given: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return readArray(given, "groups", "an array of groups of words", mostTerms).map((group, index) =>
    admitTexts(group, `groups[${index}]`),
  );
}

/** A copy of a request. @throws `invalid-input`; `too-large` */
export function admitSearchRequest(given: SearchRequest, limits: Limits): SearchRequest {
  const { terms, speakers, times, vector, nearest, filter } = admitFields(given, "request", requestFields);
  const numbers = times === undefined ? undefined : listOf(times, "request.times");
  if (numbers !== undefined) admitTimes(numbers, "request.times");
  const direction = vector === undefined ? undefined : listOf(vector, "request.vector");
  if (direction !== undefined) admitVector(direction, "request.vector");
  return {
    terms: admitTexts(terms, "request.terms"),
    ...(speakers === undefined ? {} : { speakers: admitTexts(speakers, "request.speakers") }),
    ...(numbers === undefined ? {} : { times: numbers as readonly number[] }),
    ...(direction === undefined ? {} : { vector: direction as readonly number[] }),
    ...(nearest === undefined ? {} : { nearest: admitInteger(nearest, "request.nearest", 1, mostTerms) }),
    ...(filter === undefined ? {} : { filter: admitFilter(filter, limits) }),
  };
}

function admitFilter(given: SearchFilter, limits: Limits): SearchFilter {
  const filter = admitFields(given, "filter", filterFields);
  const where = admitWhere(filter.where, limits);
  return {
    ...(filter.sessions && { sessions: admitTexts(filter.sessions, "filter.sessions") }),
    ...(filter.agents && { agents: admitTexts(filter.agents, "filter.agents") }),
    ...(filter.subjects && { subjects: admitTexts(filter.subjects, "filter.subjects") }),
    ...(filter.namespaces && {
      namespaces: listOf(filter.namespaces, "filter.namespaces", mostTerms).map((one, index) =>
        admitNamespace(one, `filter.namespaces[${index}]`, limits),
      ),
    }),
    ...(filter.kinds && {
      kinds: listOf(filter.kinds, "filter.kinds", maxPageSize).map((kind, index) =>
        admitChoice(kind, `filter.kinds[${index}]`, ["session", "document"] as const, "session"),
      ),
    }),
    ...(where === undefined ? {} : { where }),
    ...(filter.since === undefined ? {} : { since: admitNumber(filter.since, "filter.since") }),
    ...(filter.until === undefined ? {} : { until: admitNumber(filter.until, "filter.until") }),
  };
}

function admitTexts(input: unknown, field: string): readonly string[] {
  return readArray(input, field, "an array of strings", mostTerms).map((text, index) => {
    if (typeof text !== "string") throw refuse(`${field}[${index}]`, "must be a string.");
    return text;
  });
}

/** A frozen copy of a mark. @throws `invalid-input`; `too-large` */
export function admitSearchMark(mark: JsonValue, limits: Limits): JsonValue {
  return admitJson(mark, "mark", limits, limits.metadataBytes, "metadataBytes").value;
}
