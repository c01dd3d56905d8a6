import type { Page, PageOptions } from "@relevo/core";
import { admitLimit, refuse } from "@relevo/core/input";

/** One list of names in the order of their UTF-8 bytes, each once, by keyset pages. */
export type ListNames = (options: PageOptions) => Promise<Page<string>>;

/** Where the next page begins: after a name, and in each list at a page that holds it; `null` where a list has ended. */
type Position = readonly [after: string, ...cursors: (string | null)[]];

/**
 * One page of the union of the lists, in the same order, each name once. Each list is asked for a page at most, and for
 * another one where a page has only names that were returned before.
 *
 * @throws `invalid-input` for a cursor that it did not return.
 */
export async function mergeLists(
  lists: readonly ListNames[],
  { cursor, limit: given, signal }: PageOptions,
): Promise<Page<string>> {
  const limit = admitLimit(given);
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only({ cursor, limit, signal });
  const position = cursor === undefined ? undefined : decode(cursor, lists.length);
  const after = position?.[0];
  const starts = position?.slice(1) ?? lists.map(() => undefined);
  const pages = await Promise.all(
    lists.map((list, index) => pageAfter(list, starts[index], after, { limit, signal })),
  );
  const names = [...new Set(pages.flatMap(({ items }) => items))].sort(byBytes);
  // Behind the end of a page that has a next one, nothing is known of that list.
  const known = pages
    .flatMap(({ items, next }) => (next === undefined ? [] : [items.at(-1) ?? ""]))
    .sort(byBytes)[0];
  const reliable = known === undefined ? names : names.filter((name) => byBytes(name, known) <= 0);
  const items = reliable.slice(0, limit);
  const last = items.at(-1);
  const isEnd = known === undefined && items.length === names.length;
  if (isEnd || last === undefined) return { items };
  const cursors = pages.map(({ start, items: held, next }) => {
    const isUsed = held.length === 0 || byBytes(held.at(-1) ?? "", last) <= 0;
    if (isUsed) return next ?? null;
    return start ?? "";
  });
  return { items, cursor: encode([last, ...cursors]) };
}

interface Held {
  /** The cursor that the page was read with. */
  readonly start: string | undefined;
  /** Without those up to `after`. */
  readonly items: readonly string[];
  readonly next: string | undefined;
}

async function pageAfter(
  list: ListNames,
  start: string | null | undefined,
  after: string | undefined,
  options: PageOptions,
): Promise<Held> {
  if (start === null) return { start: undefined, items: [], next: undefined };
  let at = start === "" ? undefined : start;
  for (;;) {
    const page = await list({ ...options, cursor: at });
    const items = after === undefined ? page.items : page.items.filter((name) => byBytes(name, after) > 0);
    if (items.length > 0 || page.cursor === undefined) return { start: at, items, next: page.cursor };
    at = page.cursor;
  }
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

const kind = "names";

function encode(position: Position): string {
  return Buffer.from(JSON.stringify([kind, ...position])).toString("base64url");
}

function decode(cursor: string, lists: number): Position {
  const foreign = (cause?: unknown): Error =>
    refuse(
      "options.cursor",
      "is none that this list returned. Pass a page's cursor unchanged.",
      undefined,
      cause,
    );
  if (typeof cursor !== "string" || cursor.length > longestCursor) throw foreign();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch (cause) {
    throw foreign(cause);
  }
  const isPosition =
    Array.isArray(parsed) &&
    parsed.length === lists + 2 &&
    parsed[0] === kind &&
    typeof parsed[1] === "string" &&
    parsed.slice(2).every((one) => one === null || typeof one === "string");
  if (!isPosition) throw foreign();
  return (parsed as unknown[]).slice(1) as unknown as Position;
}

const longestCursor = 200_000;
