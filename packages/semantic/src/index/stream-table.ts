import type { SearchStream, SearchStreamState } from "@relevo/core";

/** A stream with its items in the order of their positions. */
export interface StreamEntry {
  readonly number: number;
  stream: SearchStream;
  revision: number;
  readonly items: number[];
  language?: string | undefined;
  subject?: string | undefined;
  progress?: SearchStreamState["progress"];
}

/**
 * One string for each stream, whose order is the order of streams: sessions with their documents by id, then documents
 * that stand alone by namespace and key. Admitted ids hold no NUL.
 */
export function streamKey(stream: SearchStream): string {
  if (stream.kind === "session") return `s\0${stream.session}\0`;
  const { session, namespace, key } = stream;
  const owner = session === undefined ? "d\0" : `s\0${session}\0\u0001`;
  return `${owner}${namespace.map((element) => `${element}\0`).join("")}\0${key}`;
}

export function stateOf(entry: StreamEntry): SearchStreamState {
  const { stream, revision, items, language, subject, progress } = entry;
  return Object.freeze({
    stream,
    revision,
    items: items.length,
    ...(language === undefined ? {} : { language }),
    ...(subject === undefined ? {} : { subject }),
    ...(progress === undefined ? {} : { progress }),
  });
}

/** Whether a selector means the stream. */
export function selects(
  selector: { readonly all?: true; readonly session?: string } & {
    readonly namespacePrefix?: readonly string[];
    readonly key?: string;
  },
  stream: SearchStream,
): boolean {
  if (selector.all === true) return true;
  if (selector.session !== undefined) return stream.session === selector.session;
  if (stream.kind !== "document" || stream.session !== undefined) return false;
  const prefix = selector.namespacePrefix ?? [];
  return (
    prefix.every((element, index) => stream.namespace[index] === element) &&
    (selector.key === undefined || (stream.key === selector.key && stream.namespace.length === prefix.length))
  );
}
