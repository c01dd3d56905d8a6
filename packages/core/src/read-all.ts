import type { SessionAddress } from "./address.ts";
import type { StoredEvent } from "./events.ts";
import { historyLost } from "./input/conflict.ts";
import type { Page } from "./ports/common.ts";
import type { EventLog, ReadOptions } from "./ports/event-log.ts";

/**
 * The events of a log page by page, all as of the version that the first page saw, so that a retraction made
 * meanwhile cannot tear them. `limit` is the size of a page.
 *
 * @throws `history-lost` when the session is deleted, or expires, between two pages: what was read is then not all,
 *   and what another session under the same id holds is not the rest of it.
 */
export async function* readAll(
  log: EventLog,
  address: SessionAddress,
  options: ReadOptions = {},
): AsyncGenerator<readonly StoredEvent[], void, void> {
  let position: Pick<ReadOptions, "after" | "before"> = {};
  let atVersion = options.atVersion;
  let incarnation: string | undefined;
  for (;;) {
    const page = await log.read(address, {
      ...options,
      ...position,
      ...(atVersion === undefined ? {} : { atVersion }),
    });
    if (incarnation !== undefined && page.incarnation !== incarnation) throw historyLost("ended");
    incarnation = page.incarnation;
    atVersion ??= page.version;
    if (page.events.length > 0) yield page.events;
    if (page.next === undefined) return;
    position = options.direction === "backward" ? { before: page.next } : { after: page.next };
  }
}

/**
 * The items of every page of a list, one by one. The first page is asked for without the field: where it is spread over
 * options of the caller's, it must not take away the cursor that those begin with.
 */
export async function* allPages<Item>(
  list: (cursor: { readonly cursor?: string }) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, void> {
  let cursor: string | undefined;
  do {
    const page = await list(cursor === undefined ? {} : { cursor });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
