import { createHash } from "node:crypto";
import type { DocumentSources } from "@relevo/core";
import { documentSortKey, rangesIntersect } from "@relevo/core/input";
import type { RemovedSource } from "@relevo/core/store";

type Place = Pick<NonNullable<DocumentSources["documents"]>[number], "session" | "namespace" | "key">;

/** What stands behind the tags of a document: a `;` and its sources, nothing when it has none. */
export function encodeSources(sources: DocumentSources | undefined): string {
  return sources === undefined ? "" : `;${namesOf(sources).join(",")}`;
}

/** The names of what is removed, as an index of sources has them. */
export function removedNames(source: RemovedSource): readonly string[] {
  if ("session" in source) return [eventsName(source.session, source.incarnation)];
  return [...new Set(source.documents.map(documentName))];
}

/** Whether a document with these sources goes with what is removed. */
export function isDerived(
  sources: DocumentSources | undefined,
  removed: RemovedSource,
  names: ReadonlySet<string>,
): boolean {
  if (sources === undefined || !namesOf(sources).some((name) => names.has(name))) return false;
  return !("session" in removed) || rangesIntersect(sources.events?.ranges ?? [], removed.ranges);
}

function namesOf({ events, documents = [] }: DocumentSources): readonly string[] {
  const names = documents.map(documentName);
  if (events !== undefined) names.push(eventsName(events.session, events.incarnation));
  return [...new Set(names)];
}

function eventsName(session: string, incarnation: string): string {
  return digest(`e${session}\0${incarnation}`);
}

function documentName({ session = "", namespace, key }: Place): string {
  return digest(`d${session}\0\0${documentSortKey(namespace, key)}`);
}

/** 132 bits: short in an index, and no two sources share one. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
