import type { SearchChange, SearchStream, SearchStreamState } from "@relevo/core";

/** A stream with its items in the order of their positions. */
export interface StreamEntry {
  /** See `searchStreamKey`. */
  readonly key: string;
  readonly number: number;
  /** How often it was written. */
  changes: number;
  stream: SearchStream;
  revision: number;
  readonly items: number[];
  language?: string | undefined;
  subject?: string | undefined;
  progress?: SearchStreamState["progress"];
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

/** Incarnations are UUIDv7, whose order is that of their creation. */
export function isOlder({ stream, revision }: SearchChange, known: StreamEntry): boolean {
  if (stream.kind === "session" && known.stream.kind === "session") {
    const [now, before] = [stream.incarnation, known.stream.incarnation];
    if (now !== before) return now < before;
  }
  return revision < known.revision;
}

export function isOtherIncarnation({ stream }: SearchChange, known: StreamEntry): boolean {
  return (
    stream.kind === "session" &&
    known.stream.kind === "session" &&
    stream.incarnation !== known.stream.incarnation
  );
}
