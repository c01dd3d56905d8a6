import type { StoredEvent } from "./events.ts";
import { historyLost } from "./input/conflict.ts";
import { admitSession } from "./input/session-reference.ts";
import type { Page } from "./ports/common.ts";
import type { EventLog, ReadOptions, ReadResult } from "./ports/event-log.ts";
import type { SessionReference } from "./ports/session-reference.ts";

/**
 * The events of a log page by page, all as of the version of the first page, so that a retraction between two pages
 * does not make them inconsistent. `limit` is the size of a page. The turn of a session object learns what was read.
 *
 * @throws `history-lost` when the session is deleted or expires between two pages, because what was read is then
 *   incomplete; and when `session` names an incarnation that has ended.
 */
export async function* readAll(
  log: EventLog,
  session: SessionReference,
  options: ReadOptions = {},
): AsyncGenerator<readonly StoredEvent[], void, void> {
  const admitted = admitSession(session);
  const read = (page: ReadOptions): Promise<ReadResult> =>
    admitted.reading(() => log.read(admitted.address, page));
  for await (const { events } of readPages(read, options)) {
    admitted.noteSeen(events);
    if (events.length > 0) yield events;
  }
}

/**
 * As `readAll` for any function that reads one log, such as `session.events`: every page as it was read, with its
 * version, empty ones included. The first page is read with the given options.
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
 * The items of every page of a list, one by one. For the first page the argument is `{}`: when it is spread over the
 * caller's options, it must not override a cursor in them.
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
