import type { StoredEvent } from "./events.ts";
import { historyLost } from "./input/conflict.ts";
import { admitSession } from "./input/session-reference.ts";
import type { Page } from "./ports/common.ts";
import type { EventLog, ReadOptions, ReadResult } from "./ports/event-log.ts";
import type { SessionReference } from "./ports/session-reference.ts";

/**
 * The events of a log page by page, all as of the version that the first page saw, so that a retraction made
 * meanwhile cannot tear them. `limit` is the size of a page.
 *
 * @throws `history-lost` when the session is deleted, or expires, between two pages: what was read is then not all,
 *   and what another session under the same id holds is not the rest of it; and when `session` names an incarnation that
 *   is gone.
 */
export async function* readAll(
  log: EventLog,
  session: SessionReference,
  options: ReadOptions = {},
): AsyncGenerator<readonly StoredEvent[], void, void> {
  const { address, requireIncarnation } = admitSession(session);
  for await (const { events, incarnation } of readPages((page) => log.read(address, page), options)) {
    requireIncarnation(incarnation);
    if (events.length > 0) yield events;
  }
}

/**
 * As `readAll` for any way to read one log, such as a session's or one bounded in time: every page as it was read, with
 * the version, empty ones too. The first page is asked for with the options as they are.
 *
 * @throws `history-lost` as `readAll`; what `read` throws.
 */
export async function* readPages(
  read: (options: ReadOptions) => Promise<ReadResult>,
  options: ReadOptions = {},
): AsyncGenerator<ReadResult, void, void> {
  let first: ReadResult | undefined;
  let position: Pick<ReadOptions, "after" | "before" | "atVersion"> = {};
  for (;;) {
    const page = await read({ ...options, ...position });
    first ??= page;
    if (page.incarnation !== first.incarnation) throw historyLost("ended");
    yield page;
    if (page.next === undefined) return;
    const atVersion = options.atVersion ?? first.version;
    position = {
      atVersion,
      ...(options.direction === "backward" ? { before: page.next } : { after: page.next }),
    };
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
