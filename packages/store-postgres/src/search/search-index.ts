import type {
  CallOptions,
  JsonValue,
  SearchIndexState,
  SearchRequest,
  SearchStreamState,
  SharedSearchIndex,
} from "@relevo/core";
import { admitCall } from "@relevo/core/input";
import {
  admitSearchCall,
  admitSearchChange,
  admitSearchGroups,
  admitSearchMark,
  admitSearchPage,
  admitSearchRequest,
  admitSearchSelector,
  decodeCursor,
  encodeCursor,
  isSimilarTerm,
  mostSimilarTerms,
  searchStreamPrefix,
  sessionKey,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import type { Run } from "../database/database.ts";
import { functionCall } from "../schema/function-call.ts";
import { FactCache } from "./fact-cache.ts";
import { FactTable } from "./fact-table.ts";
import { nameKey, placeOfKey, termKey, textOfUnits, wordRow } from "./keys.ts";
import { type ReadHead, type ReadRow, readingOf } from "./reading.ts";
import { explainVectors, nearestQuery, usualNearest } from "./vectors.ts";
import { removeStream, writeStream } from "./write-stream.ts";

const cursorKind = "search.streams";
/** So many streams are removed in one transaction. */
const removedAtOnce = 50;
/** How often a reading of what is kept is tried when others are faster. */
const mostAttempts = 5;
/** So many more of the nearest items are fetched than are wanted. */
const spareNearest = 32;
/** JSON has no infinity. */
const latest = Number.MAX_VALUE;

/** A stream as `list_search_streams` gives it. The last four are JSON, or absent. */
type ListedStream = readonly [
  place: string,
  stream: SearchStreamState["stream"],
  revision: number,
  items: number,
  language: string | null,
  subject: string | null,
  progress: string | null,
];

/**
 * The search index in tables of the schema, shared by all processes. Postings are in one row for each term and 4,096 items,
 * facts in one row for each 256 items of a stream; a reading is one call, which fetches the postings of the terms asked for
 * and the facts of the streams that hold them. Writers of one tenant come one after the other, each with its change in one
 * transaction.
 */
export function createSearchIndex(context: StoreContext): SharedSearchIndex {
  const { database, turns, lockTimeoutMs } = context;
  const { schema, limits } = database;
  const facts = new FactCache();

  /** A function of the schema, whose one answer is a text. */
  async function ask(
    name: string,
    given: Readonly<Record<string, unknown>>,
    effect: "read" | "repeatable",
    { signal }: CallOptions,
  ): Promise<string | null> {
    const { call, values } = functionCall(schema, name, given);
    const [row] = await database.call<{ readonly answer: string | null }>(
      { name, text: () => `select ${call()} as answer`, values, isAnswer: true },
      { effect, signal },
    );
    return row?.answer ?? null;
  }

  /** One writer of a tenant at a time: those that wait here do not wait for its row's lock. */
  async function write<Result>(
    tenant: string,
    options: CallOptions,
    work: (run: Run) => Promise<Result>,
  ): Promise<Result> {
    const { signal } = options;
    return await turns.take(sessionKey("search", tenant), signal, (timeoutMs) =>
      database.transaction(tenant, work, { effect: "repeatable", signal, timeoutMs }),
    );
  }

  async function list(
    tenant: string,
    low: string,
    high: string,
    limit: number,
    options: CallOptions,
  ): Promise<readonly ListedStream[]> {
    const answer = await ask("list_search_streams", { tenant, low, high, limit }, "read", options);
    return answer === null ? [] : (JSON.parse(answer) as readonly ListedStream[]);
  }

  async function fetchReading(
    tenant: string,
    { terms, speakers = [], times = [], vector, filter }: SearchRequest,
    limit: number,
    known: number | undefined,
    { signal }: CallOptions,
  ): Promise<ReadRow> {
    const { call, values } = functionCall(schema, "read_search", {
      tenant,
      terms: JSON.stringify(terms.map(termKey)),
      names: JSON.stringify([...speakers, ...(filter?.agents ?? [])].map(nameKey)),
      times: JSON.stringify(rangesOf(times)),
      detailed: filter?.where !== undefined,
      nearest: vector === undefined ? null : JSON.stringify({ ...nearestQuery(vector, filter), limit }),
      known: known ?? null,
    });
    const text = (): string =>
      `select f.r_head, f.r_postings, f.r_facts, f.r_details, f.r_nearest from ${call()} as f`;
    try {
      const [row] = await database.call<ReadRow>(
        { name: "read_search", text, values },
        { effect: "read", signal },
      );
      return row as ReadRow;
    } catch (error) {
      throw vector === undefined ? error : explainVectors(error);
    }
  }

  return {
    shared: true,
    async write(tenantGiven, changeGiven, given) {
      database.requireOpen();
      const options = admitCall(given);
      const tenant = admitSearchCall(tenantGiven, options, limits);
      const change = admitSearchChange(changeGiven, limits);
      try {
        return await write(tenant, options, (run) => writeStream(run, schema, tenant, change));
      } catch (error) {
        throw change.items.some(({ vector }) => vector !== undefined) ? explainVectors(error) : error;
      }
    },
    async remove(tenantGiven, selectorGiven, given) {
      database.requireOpen();
      const options = admitCall(given);
      const tenant = admitSearchCall(tenantGiven, options, limits);
      const selector = admitSearchSelector(selectorGiven, limits);
      if ("all" in selector) {
        facts.forget(tenant);
        return Number(await ask("clear_search", { tenant, lock_ms: lockTimeoutMs }, "repeatable", options));
      }
      const { low, high } = rangeOf(selector);
      let removed = 0;
      for (;;) {
        const found = await list(tenant, low, high, removedAtOnce, options);
        if (found.length === 0) return removed;
        removed += await write(tenant, options, async (run) => {
          let items = 0;
          for (const [place] of found) items += await removeStream(run, schema, tenant, place);
          return items;
        });
      }
    },
    async streams(tenantGiven, selectorGiven, options = {}) {
      database.requireOpen();
      const { tenant, limit, cursor } = admitSearchPage(tenantGiven, options, limits);
      const { low, high } = rangeOf(admitSearchSelector(selectorGiven, limits));
      const [after] = cursor === undefined ? [] : decodeCursor(cursorKind, cursor, 1);
      const behind = typeof after === "string" && /^(?:[0-9a-f]{2})*$/u.test(after) ? `${after}00` : low;
      const found = await list(tenant, [low, behind].sort()[1] ?? low, high, limit + 1, options);
      const last = found[limit - 1]?.[0];
      return {
        items: found.slice(0, limit).map(stateOf),
        ...(last !== undefined && found.length > limit ? { cursor: encodeCursor(cursorKind, [last]) } : {}),
      };
    },
    async state(tenantGiven, given) {
      database.requireOpen();
      const options = admitCall(given);
      const tenant = admitSearchCall(tenantGiven, options, limits);
      return indexStateOf((await ask("read_search_state", { tenant }, "read", options)) ?? "{}");
    },
    async mark(tenantGiven, markGiven, given) {
      database.requireOpen();
      const options = admitCall(given);
      const tenant = admitSearchCall(tenantGiven, options, limits);
      const mark = JSON.stringify(admitSearchMark(markGiven, limits));
      await ask("mark_search", { tenant, lock_ms: lockTimeoutMs, mark }, "repeatable", options);
    },
    async lookup(tenantGiven, groupsGiven, given) {
      database.requireOpen();
      const options = admitCall(given);
      const tenant = admitSearchCall(tenantGiven, options, limits);
      const groups = admitSearchGroups(groupsGiven);
      const words = JSON.stringify(groups.map((group) => group.map(wordRow)));
      const answer = (await ask("look_up_terms", { tenant, groups: words }, "read", options)) ?? "[]";
      const found = JSON.parse(answer) as readonly (readonly string[] | null)[];
      return groups.map((group, index) => similarTerms(group, found[index] ?? undefined));
    },
    async read(tenantGiven, requestGiven, score, given) {
      database.requireOpen();
      const options = admitCall(given);
      const tenant = admitSearchCall(tenantGiven, options, limits);
      const request = admitSearchRequest(requestGiven, limits);
      const { nearest = usualNearest } = request;
      let fetched = nearest + spareNearest;
      for (let attempt = 1; ; attempt++) {
        // Somebody who always comes in between ends the use of what is kept, not the reading.
        const kept = attempt <= mostAttempts ? facts.of(tenant) : undefined;
        const beginning = kept?.beginning ?? 0;
        const row = await fetchReading(tenant, request, fetched, kept?.version, options);
        const head = JSON.parse(row.r_head) as ReadHead;
        const bytes = Buffer.from(row.r_facts ?? "", "hex");
        let table: FactTable | undefined;
        if (head.isPart || kept === undefined) {
          table = new FactTable();
          table.apply(head, bytes);
        } else if (kept.take(head, bytes, beginning)) {
          table = kept.table;
          facts.trim();
        }
        const reading = table && readingOf(head, row, table, request, fetched);
        if (reading !== undefined) return score(reading);
        // What a filter leaves out, and rounding at the end, may take more than what is wanted.
        if (table !== undefined) fetched *= 4;
      }
    },
  };
}

/** The places of the streams that a selector names: from `low` on, before `high`. */
function rangeOf(selector: Parameters<typeof searchStreamPrefix>[0]): {
  readonly low: string;
  readonly high: string;
} {
  const { prefix, isWhole } = searchStreamPrefix(selector);
  const low = placeOfKey(prefix);
  return { low, high: isWhole ? `${low}00` : `${low}ff` };
}

function rangesOf(times: readonly number[]): readonly object[] {
  const ranges: object[] = [];
  for (let index = 0; index < times.length; index += 2)
    ranges.push({ begins: finite(times[index] ?? 0), ends: finite(times[index + 1] ?? 0) });
  return ranges;
}

function finite(time: number): number {
  return Math.max(-latest, Math.min(latest, time));
}

function similarTerms(
  words: readonly string[],
  found: readonly string[] | undefined,
): readonly string[] | undefined {
  if (found === undefined) return undefined;
  const terms = found.map((bytes) => textOfUnits(Buffer.from(bytes, "hex")));
  const similar = terms.filter((term) => words.some((word) => isSimilarTerm(word, term)));
  return similar.sort().slice(0, mostSimilarTerms);
}

function stateOf([, stream, revision, items, language, subject, progress]: ListedStream): SearchStreamState {
  return {
    stream,
    revision,
    items,
    ...(language === null ? {} : { language }),
    ...(subject === null ? {} : { subject }),
    ...(progress === null ? {} : { progress: JSON.parse(progress) as JsonValue }),
  };
}

function indexStateOf(answer: string): SearchIndexState {
  const { items, languages, mark, from, to } = JSON.parse(answer) as {
    readonly items: number;
    readonly languages: { readonly [language: string]: number };
    readonly mark: string | null;
    readonly from: number | null;
    readonly to: number | null;
  };
  return {
    items,
    languages,
    ...(from === null || to === null ? {} : { span: { from, to } }),
    ...(mark === null ? {} : { mark: JSON.parse(mark) as JsonValue }),
  };
}
