import { type BelowPage, MemoryError, type ReadResult, type StoredEvent } from "@relevo/core";
import { type AdmittedRead, type Answer, maxPinnedBelow } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import type { Statement } from "../database/database.ts";
import { lookBudget, pageBytes } from "../schema/bounds.ts";
import { functionCall } from "../schema/function-call.ts";
import { liveSession, parseStored } from "./head.ts";

interface ReadRow {
  /** A `Page` as JSON; null without a session. */
  readonly answer: string | null;
}

type Page = readonly [
  version: number,
  revision: number,
  removalRevision: number,
  token: string,
  /** Where the next page starts when this one has no more than `limit` entries. */
  next: number | null,
  incarnation: string,
  entries: readonly PageEntry[],
  /** Newest first, and one more than are wanted. */
  pinned?: readonly PageEntry[] | null,
  summaries?: readonly [newestFirst: readonly PageEntry[], more: boolean],
];

/** As the function `event_entry` of the schema writes it. */
export type PageEntry = readonly [
  seq: number,
  recordedAt: number,
  retractedBy: number | null,
  content: StoredEvent,
];

/** One page, and the state of the log it was read from, in one statement and so of one moment. */
export async function readPage(
  { database }: StoreContext,
  request: AdmittedRead,
): Promise<Answer<ReadResult | undefined>> {
  // A find of what few events are goes through an index of its own; everything else through one function.
  const rare = (request.pinned !== undefined && request.below === undefined) || request.retracted === "only";
  const statement = rare ? rareStatement : pageStatement;
  const [row] = await database.call<ReadRow>(statement(database.schema, request), {
    effect: "read",
    signal: request.signal,
  });
  if (row === undefined || row.answer === null) return { ok: undefined };
  const [version, revision, removalRevision, token, edge, incarnation, entries, pinned, summaries] =
    parseStored(row.answer) as Page;
  const events: StoredEvent[] = [];
  let next = edge;
  for (const [seq, recordedAt, retractedBy, content] of entries) {
    if (events.length === request.limit) {
      // The one event more, which says that there is another page.
      next = events.at(-1)?.seq ?? null;
      break;
    }
    events.push(storedEvent(content, seq, recordedAt, retractedBy));
  }
  const result = { incarnation, version, revision, removalRevision, token, events };
  return {
    ok: {
      ...result,
      ...(next === null ? {} : { next }),
      ...(request.below === undefined ? {} : { below: { ...pinnedOf(pinned), ...summariesOf(summaries) } }),
    },
  };
}

function pinnedOf(pinned: Page[7]): BelowPage {
  if (pinned == null) return {};
  const events = eventsOf(pinned.slice(0, maxPinnedBelow)).reverse();
  return pinned.length > maxPinnedBelow ? { pinned: events, morePinned: true } : { pinned: events };
}

function summariesOf(found: Page[8]): BelowPage {
  if (found === undefined) return {};
  const summaries = eventsOf(found[0]).reverse();
  return found[1] ? { summaries, moreSummaries: true } : { summaries };
}

/** The events of entries that are new and become the result. */
export function eventsOf(entries: readonly PageEntry[]): StoredEvent[] {
  return entries.map(([seq, recordedAt, retractedBy, content]) =>
    storedEvent(content, seq, recordedAt, retractedBy),
  );
}

/** The event as it was appended, with what the store knows of it. `content` is new and becomes the result. */
export function storedEvent(
  content: StoredEvent,
  seq: number,
  recordedAt: number,
  retractedBy: number | null,
): StoredEvent {
  if (typeof content !== "object" || content === null || typeof content.type !== "string") {
    throw new MemoryError("corrupt", "A stored event is none. Somebody has changed the table.");
  }
  const event = content as { -readonly [Field in keyof StoredEvent]: StoredEvent[Field] };
  event.seq = seq;
  event.recordedAt = recordedAt;
  if (retractedBy !== null) event.retractedBy = retractedBy;
  return event as StoredEvent;
}

function pageStatement(
  schema: string,
  {
    address,
    after,
    before,
    limit,
    direction,
    types,
    agent,
    pinned,
    atVersion,
    retracted,
    below,
    unlessToken,
  }: AdmittedRead,
): Statement {
  const { tenant, session } = address;
  const { call, values } = functionCall(schema, "read_page", {
    tenant,
    session,
    after,
    before,
    limit,
    backward: direction === "backward",
    at: atVersion,
    exclude: retracted === "exclude",
    types: types === undefined ? undefined : [...types],
    agent,
    pinned,
    bounded: retracted === "exclude" || types !== undefined || agent !== undefined || pinned !== undefined,
    below_pinned: below?.pinned === true,
    below_summaries: below?.summaries === true,
    unless_token: unlessToken,
  });
  return { name: "read_page", text: () => `select ${call()} as answer`, values, isAnswer: true };
}

/**
 * The scope goes first: it sets the tenant, and the rows that follow depend on its result, so that no row is looked
 * at before. Each shape of filter has its own text and name; what varies are values.
 */
function rareStatement(schema: string, request: AdmittedRead): Statement {
  const { tenant, session } = request.address;
  const { types, agent, pinned, atVersion, retracted, direction } = request;
  const backward = direction === "backward";
  const values: unknown[] = [tenant, session, request.after, request.before, request.limit];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const filters: string[] = [];
  let shape = backward ? "b" : "f";
  const filter = (letter: string, condition: string): void => {
    shape += letter;
    filters.push(condition);
  };
  const at = atVersion === undefined ? undefined : `${add(atVersion)}::bigint`;
  if (at !== undefined) shape += "v";
  const mark =
    at === undefined ? "e.retracted_by" : `case when e.retracted_by <= ${at} then e.retracted_by end`;
  const isMarked = at === undefined ? "is not null" : `<= ${at}`;
  if (retracted === "only") filter("o", `e.retracted_by ${isMarked} and e.retracted_by is not null`);
  if (retracted === "exclude") {
    filter(
      "x",
      at === undefined ? "e.retracted_by is null" : `(e.retracted_by is null or e.retracted_by > ${at})`,
    );
  }
  if (types !== undefined) filter("t", `e.type = any(${add([...types])}::text[])`);
  if (agent !== undefined) filter("a", `e.agent = ${add(agent)}`);
  if (pinned !== undefined) filter(pinned ? "p" : "n", pinned ? "e.pinned" : "not e.pinned");
  // These two have an index that holds nothing else, so that there is nothing to look at in vain.
  const unbounded = pinned === true || retracted === "only" || filters.length === 0;
  if (unbounded) shape += "u";
  const budget = `$5::bigint + ${lookBudget}`;
  const [low, high] = unbounded
    ? ["w.low", "w.high"]
    : backward
      ? [`greatest(w.low, w.high - (${budget}) + 1)`, "w.high"]
      : ["w.low", `least(w.high, w.low + (${budget}) - 1)`];
  const order = backward ? "desc" : "asc";
  const edge = backward
    ? `case when b.low > b.first then b.low end`
    : `case when b.high < b.last then b.high end`;
  const text = `select case when s.incarnation is not null then
  ${schema}.page_text(
    p_version => s.version, p_revision => s.revision, p_removal_revision => s.removal_revision,
    p_token => s.token, p_next => case when p.cut then p.last else b.edge end, p_incarnation => s.incarnation, p_entries => p.entries
  ) || ']' end as answer
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
left join lateral (${liveSession(schema)}) as s on true
left join lateral (
  select b.*, ${edge} as edge from (
    select ${low} as low, ${high} as high, w.low as first, w.high as last from (
      select greatest($3::bigint + 1, s.first_seq) as low,
        least($4::bigint - 1, ${at === undefined ? "" : `${at}, `}s.version) as high
    ) as w
  ) as b
) as b on true
left join lateral (
  select string_agg(${schema}.event_entry(r.seq, r.recorded_at, r.mark, r.content), ',') filter (where r.kept) as entries,
    ${backward ? "min" : "max"}(r.seq) filter (where r.kept) as last, not bool_and(r.kept) as cut
  from (
    select e.seq, e.recorded_at, ${mark} as mark, e.content,
      row_number() over page <= $5::bigint
        and (row_number() over page = 1 or sum(e.bytes) over page <= ${pageBytes}) as kept
    from (
      select e.* from ${schema}.events as e
      where e.tenant = scope.tenant and e.session = $2 and e.generation = s.generation
        and e.seq >= b.low and e.seq <= b.high${filters.map((one) => ` and ${one}`).join("")}
      order by e.seq ${order} limit $5::bigint + 1
    ) as e window page as (order by e.seq ${order})
  ) as r
) as p on true`;
  return { name: `read_${shape}`, text, values, isAnswer: true };
}
