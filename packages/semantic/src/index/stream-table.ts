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
