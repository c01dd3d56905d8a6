import type { EventType, ReadResult, StoredEvent } from "@relevo/core";
import { type AdmittedRead, type Answer, asOfVersion, matchesFilter } from "@relevo/core/store";
import { LRUCache } from "lru-cache";
import { answerOf, refusalOf, replyOf } from "../answers.ts";
import type { CallSettings } from "../connection/connection.ts";
import type { StoreContext } from "../context.ts";
import type { SessionKeys } from "../keys.ts";
import { checkHistory, mostBytes, readBelow, readFiltered } from "../scripts/scripts.generated.ts";
import { agentLetter, decodeEvent, kindOf } from "./event-codec.ts";
import { decodeHead, type StoredHead } from "./head-codec.ts";
import { belowValues, decodeBelow } from "./read-below.ts";

/** Cells of the columns that one call of the script looks at; some milliseconds at most. */
export const cellBudget = 20_000;
/** How often one read asks again when what it was given did not fit the filter after all. */
const maxRounds = 4;

/** How much of events one read looks at before it ends its page, in characters as they are stored. */
const pageLength = mostBytes / 2;

/**
 * The longest of the newest events, of logs whose newest events were all asked for when they were last read. Its clock
 * is asked each time: otherwise the cache starts a timer each millisecond, which takes longer than all the rest of it.
 */
type Longest = LRUCache<string, number>;

/**
 * Reads one page. The newest events of a log that is known to have small ones come with one plain LRANGE, in three
 * quarters of the time of the script, and so does what a view reads where nothing is pinned or summarised. LRANGE knows no bound of bytes: hundreds of events of megabytes would be one
 * answer, so a log that this process has not read lately, or that has big ones, is read by the script.
 */
export function createReader(
  context: StoreContext,
): (request: AdmittedRead) => Promise<Answer<ReadResult | undefined>> {
  const longest: Longest = new LRUCache({
    maxSize: 10_000,
    sizeCalculation: () => 1,
    ttl: 60_000,
    ttlResolution: 0,
  });
  return async (request) => {
    const keys = context.sessionKeys(request.address);
    const settings = { signal: request.signal, endsAt: context.connection.endsAt() };
    const length = longest.get(keys.log);
    if (isTail(request) && length !== undefined && length * request.limit <= mostBytes) {
      const tail = await readTail(context, keys, request, longest, settings);
      if (tail !== undefined) return tail;
    }
    for (;;) {
      const answer = await readPages(context, keys, request, longest, settings);
      if (answer !== undefined) return answer;
    }
  };
}

function isTail({
  direction,
  after,
  before,
  atVersion,
  agent,
  pinned,
  retracted,
  unlessToken,
}: AdmittedRead): boolean {
  return (
    unlessToken === undefined &&
    direction === "backward" &&
    after === 0 &&
    before === Number.MAX_SAFE_INTEGER &&
    atVersion === undefined &&
    agent === undefined &&
    pinned === undefined &&
    retracted !== "only"
  );
}

/** The newest events; `undefined` when some of them are not wanted, or more than them is. */
async function readTail(
  { connection }: StoreContext,
  keys: SessionKeys,
  request: AdmittedRead,
  longest: Longest,
  settings: CallSettings,
): Promise<Answer<ReadResult | undefined> | undefined> {
  const { limit } = request;
  const { log } = keys;
  const elements = (await connection.read(
    log,
    ["LRANGE", log, `${-limit - 1}`, "-1"],
    settings,
  )) as readonly string[];
  const text = elements.at(-1);
  if (text === undefined)
    return answerOf(await connection.script(checkHistory, keys, {}, settings), () => undefined);
  const head = decodeHead(text);
  if (request.below !== undefined && head.landmarks > 0) {
    longest.delete(log);
    return undefined;
  }
  longest.set(log, longestOf(elements));
  const events: StoredEvent[] = [];
  for (let index = elements.length - 2, seq = head.version; index >= 0; index--, seq--) {
    const event = decodeEvent(elements[index] as string, seq);
    if (!matchesFilter(event, request)) {
      longest.delete(log);
      return undefined;
    }
    events.push(event);
  }
  const last = head.version - events.length + 1;
  const next = last > head.firstSeq && events.length === limit ? last : undefined;
  const page = pageOf(head, events, next);
  return {
    ok: request.below === undefined ? page : { ...page, below: decodeBelow(request.below, [[], []]) },
  };
}

/**
 * Pages of the script until there is enough; `undefined` when the session changed its incarnation meanwhile, or what
 * stands below the page is of another moment.
 */
async function readPages(
  { connection }: StoreContext,
  keys: SessionKeys,
  request: AdmittedRead,
  longest: Longest,
  settings: CallSettings,
): Promise<Answer<ReadResult | undefined> | undefined> {
  const backward = request.direction === "backward";
  const events: StoredEvent[] = [];
  let { after, before, atVersion } = request;
  const belowAsked = belowValues(request.below);
  let first: StoredHead | undefined;
  let length = 0;
  for (let round = 1; ; round++) {
    const answer = await connection.script(
      readFiltered,
      keys,
      {
        after,
        before,
        limit: request.limit - events.length,
        backward,
        kinds: kindsOf(request.types),
        agent: request.agent === undefined ? undefined : agentLetter(request.agent),
        pinned: request.pinned === undefined ? undefined : request.pinned ? "yes" : "no",
        retracted: retractedMode(request.retracted, atVersion),
        atVersion,
        since: undefined,
        cells: cellBudget,
        unlessToken: round === 1 ? request.unlessToken : undefined,
        ...belowAsked,
      },
      settings,
    );
    const reply = replyOf(answer);
    const refusal = refusalOf(reply);
    if (refusal !== undefined) return refusal;
    const [status, text, stop, seqs, elements, belowFirst] = reply as unknown as [
      string,
      string,
      number,
      readonly number[],
      readonly string[],
      unknown,
    ];
    if (status === "none") return first === undefined ? { ok: undefined } : undefined;
    const head = decodeHead(text);
    if (first !== undefined && first.incarnation !== head.incarnation) return undefined;
    // Of the newest events without a gap: those that the next reading can have with one LRANGE.
    const isTail =
      backward &&
      (request.below === undefined || head.landmarks === 0) &&
      seqs[0] === head.version &&
      seqs.at(-1) === head.version - seqs.length + 1;
    if (first === undefined && isTail) longest.set(keys.log, longestOf(elements));
    first ??= head;
    // Later pages show the log as the first one found it, or a retraction between them would tear the reading.
    const asOf = { ...request, atVersion };
    for (const [index, element] of elements.entries()) {
      const event = decodeEvent(element, seqs[index] as number);
      if (matchesFilter(event, asOf)) events.push(asOfVersion(event, atVersion));
    }
    length += elements.reduce((sum, element) => sum + element.length, 0);
    const next = stop === 0 ? undefined : stop;
    const isEnough = events.length >= request.limit || round >= maxRounds || length >= pageLength;
    if (next === undefined || isEnough) {
      const page = pageOf(first, events, next);
      if (request.below === undefined) return { ok: page };
      // What came with the page is below its last element, which has to be an event of the page.
      if (round === 1 && events.length === elements.length)
        return { ok: { ...page, below: decodeBelow(request.below, belowFirst) } };
      const values = { ...belowAsked, from: events.at(-1)?.seq ?? first.version + 1, seenToken: first.token };
      const belowReply = replyOf(await connection.script(readBelow, keys, values, settings));
      if (belowReply[0] !== "ok") return undefined;
      return { ok: { ...page, below: decodeBelow(request.below, belowReply[1]) } };
    }
    if (backward) before = next;
    else after = next;
    atVersion ??= first.version;
  }
}

function longestOf(elements: readonly string[]): number {
  let most = 0;
  for (const { length } of elements) if (length > most) most = length;
  return most;
}

function pageOf(head: StoredHead, events: readonly StoredEvent[], next: number | undefined): ReadResult {
  const { incarnation, version, revision, removalRevision, token } = head;
  const page = { incarnation, version, revision, removalRevision, token, events };
  return next === undefined ? page : { ...page, next };
}

export function kindsOf(types: ReadonlySet<EventType> | undefined): string | undefined {
  if (types === undefined) return undefined;
  // No kind at all must not read as every kind.
  return types.size === 0 ? "-" : [...types].map((type) => `${kindOf(type)}`).join("");
}

function retractedMode(retracted: AdmittedRead["retracted"], atVersion: number | undefined): string {
  // What is retracted now may not have been then.
  return retracted === "exclude" && atVersion !== undefined ? "include" : retracted;
}
