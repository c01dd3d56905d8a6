import {
  type ReadOptions,
  type ReadResult,
  readPages,
  type StoredEvent,
  type StoredEventOf,
} from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import type { SessionHandle } from "./session-handle.ts";

/** Events of the log with the version they were read at. */
export interface EventsAt {
  readonly version: number;
  /** Of the first page: what is removed later may be among the events. */
  readonly removalRevision: number;
  readonly incarnation?: string | undefined;
  readonly events: readonly StoredEvent[];
}

/** Every event that the options select, or the first `limit` of them, page by page and all as of one version. */
export async function readEvents(
  handle: SessionHandle,
  options: ReadOptions,
  keep: (event: StoredEvent) => boolean = () => true,
): Promise<EventsAt> {
  const { limit = Number.POSITIVE_INFINITY, ...query } = options;
  const events: StoredEvent[] = [];
  let version = options.atVersion;
  let first: ReadResult | undefined;
  const pages = readPages((page) => handle.read(page), { ...query, limit: Math.min(maxPageSize, limit) });
  for await (const page of pages) {
    version ??= page.version;
    first ??= page;
    for (const event of page.events) {
      if (events.length < limit && keep(event)) events.push(event);
    }
    if (events.length >= limit) break;
  }
  const { removalRevision = 0, incarnation } = first ?? {};
  return { version: version ?? 0, removalRevision, incarnation, events };
}

/** True for a message whose content has not been erased. */
export function hasMessage(event: StoredEvent): event is StoredEvent & StoredEventOf<"message"> {
  return event.type === "message" && event.erasedAt === undefined;
}
