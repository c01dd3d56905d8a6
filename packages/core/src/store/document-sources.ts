import { admitFields, type FieldTable, fieldTable } from "../input/fields.ts";
import { admitDocumentAddress, admitId } from "../input/ids.ts";
import { admitInteger, admitRanges } from "../input/numbers.ts";
import { normalizeRanges } from "../input/ranges.ts";
import { readArray } from "../input/read-array.ts";
import { refuse } from "../input/refuse.ts";
import type { Limits } from "../limits.ts";
import type { DocumentSource, DocumentSources, EventSource } from "../ports/document-sources.ts";

const maxDocumentSources = 64;

const sourcesFields: FieldTable = fieldTable<DocumentSources>({ events: "refines", documents: "refines" });
const eventSourceFields: FieldTable = fieldTable<EventSource>({
  session: "selects",
  incarnation: "selects",
  removalRevision: "selects",
  ranges: "selects",
});
const documentSourceFields: FieldTable = fieldTable<DocumentSource>({
  session: "selects",
  namespace: "selects",
  key: "selects",
  version: "selects",
});

/** A frozen copy; `undefined` when nothing is named. */
export function admitDocumentSources(
  input: DocumentSources | undefined,
  tenant: string,
  field: string,
  limits: Limits,
): DocumentSources | undefined {
  if (input === undefined) return undefined;
  const given = admitFields(input, field, sourcesFields);
  const events = given.events && admitEventSource(given.events, `${field}.events`, limits);
  const documents =
    given.documents &&
    readArray(given.documents, `${field}.documents`, "an array", maxDocumentSources).map((source, index) =>
      admitDocumentSource(source as DocumentSource, tenant, `${field}.documents[${index}]`, limits),
    );
  const namesDocuments = documents !== undefined && documents.length > 0;
  if (events === undefined && !namesDocuments) return undefined;
  return Object.freeze({
    ...(events === undefined ? {} : { events }),
    ...(namesDocuments ? { documents: Object.freeze(documents) } : {}),
  });
}

function admitEventSource(input: EventSource, field: string, limits: Limits): EventSource {
  const { session, incarnation, removalRevision, ranges } = admitFields(input, field, eventSourceFields);
  const admitted = admitRanges(ranges, `${field}.ranges`);
  if (admitted.length === 0) throw refuse(`${field}.ranges`, "must hold at least one range.");
  return Object.freeze({
    session: admitId(session, `${field}.session`, limits),
    incarnation: admitId(incarnation, `${field}.incarnation`, limits),
    removalRevision: admitInteger(removalRevision, `${field}.removalRevision`, 0),
    ranges: Object.freeze(normalizeRanges(admitted)),
  });
}

function admitDocumentSource(
  input: DocumentSource,
  tenant: string,
  field: string,
  limits: Limits,
): DocumentSource {
  const { version, ...place } = admitFields(input, field, documentSourceFields);
  const { session, namespace, key } = admitDocumentAddress({ tenant, ...place }, limits);
  const admitted = { namespace, key, version: admitInteger(version, `${field}.version`, 1) };
  return Object.freeze(session === undefined ? admitted : { session, ...admitted });
}
