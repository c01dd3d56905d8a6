import type { ChangedUnit } from "@relevo/core";
import { type FeedDriver, namespaceSortPrefix } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { placeOf } from "./documents/place.ts";
import { parseStored } from "./log/head.ts";
import { functionCall } from "./schema/function-call.ts";

/** What `list_changes` of the schema answers. */
interface Page {
  readonly epoch: string;
  readonly snapshot: string;
  readonly units: readonly Entry[];
}

type Entry = readonly [
  transaction: string,
  session: string | null,
  namespace: readonly string[] | null,
  incarnation: string | null,
];

/** Where a consumer is. As JSON it is the text that comes back. */
interface Position {
  readonly epoch: string;
  /** The snapshot of what it has seen; absent for nothing. */
  readonly seen?: string;
  /** In the middle of several pages: the snapshot of the first, and the last unit. */
  readonly until?: string;
  readonly after?: readonly [transaction: string, session: string | null, owner: string | null];
}

const transactionPattern = /^\d{1,18}$/u;

/** The position that a text says; `undefined` when it is none that this store has made. */
function positionOf(text: string): Position | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { epoch, seen, until, after } = parsed as Record<string, unknown>;
  if (typeof epoch !== "string" || !/^[\d.A-F]{1,64}$/u.test(epoch)) return undefined;
  const isPosition =
    (seen === undefined || isSnapshot(seen)) &&
    (until === undefined || isSnapshot(until)) &&
    (seen !== undefined || until !== undefined) &&
    (after === undefined || isPlace(after));
  return isPosition ? (parsed as Position) : undefined;
}

/** Whether the server can read it: transactions in progress ascend between the first and the next. */
function isSnapshot(value: unknown): boolean {
  const [, first, next, open = ""] = /^(\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,|$))*)$/u.exec(`${value}`) ?? [];
  if (first === undefined || next === undefined || BigInt(first) > BigInt(next) || first === "0")
    return false;
  const all = open.split(",").filter((one) => one !== "");
  return all.every((one, index) => {
    const before = index === 0 ? BigInt(first) - 1n : BigInt(all[index - 1] ?? "0");
    return BigInt(one) > before && BigInt(one) < BigInt(next);
  });
}

function isPlace(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [transaction, session, owner] = value as readonly unknown[];
  const isText = (one: unknown): one is string =>
    typeof one === "string" && one.length <= 4096 && one.isWellFormed() && !one.includes("\0");
  return (
    typeof transaction === "string" &&
    transactionPattern.test(transaction) &&
    (session === null || isText(session)) &&
    (owner === null || (isText(owner) && /^(?:[0-9a-f]{2})*$/u.test(owner)))
  );
}

/** The change feed: units whose newest transaction a consumer's snapshot does not see. */
export function createFeedDriver({ database }: StoreContext): FeedDriver {
  async function list(
    tenant: string,
    at: Partial<Position>,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<Page | undefined> {
    const { call, values } = functionCall(database.schema, "list_changes", {
      tenant,
      epoch: at.epoch,
      seen: at.seen,
      until: at.until,
      after: at.after?.[0],
      after_session: at.after?.[1],
      after_owner: at.after?.[2],
      limit,
    });
    const [row] = await database.call<{ readonly page: string | null }>(
      { name: "list_changes", text: () => `select ${call()} as page`, values },
      { effect: "read", signal },
    );
    return row === undefined || row.page === null ? undefined : (parseStored(row.page) as Page);
  }

  return {
    async changes({ tenant, from, after, limit, signal }) {
      const at: Partial<Position> | undefined = after === undefined ? {} : positionOf(after);
      if (at === undefined) return { refused: "position" };
      const startsNow = after === undefined && from === "now";
      const page = await list(tenant, at, startsNow ? 0 : limit, signal);
      if (page === undefined) return { refused: "changes" };
      const { epoch, snapshot } = page;
      const until = at.until ?? snapshot;
      const isCut = !startsNow && page.units.length > limit;
      const entries = page.units.slice(0, startsNow ? 0 : limit);
      const last = entries.at(-1);
      const next: Position =
        isCut && last !== undefined
          ? { epoch, ...(at.seen === undefined ? {} : { seen: at.seen }), until, after: afterEntry(last) }
          : { epoch, seen: until };
      // Behind the last of several pages is what was written since the first.
      const more = isCut || until !== snapshot;
      return { ok: { units: entries.map(unitOf), position: JSON.stringify(next), more } };
    },
  };
}

function unitOf([, session, namespace, incarnation]: Entry): ChangedUnit {
  if (session === null) return { kind: "owner", namespace: namespace ?? [] };
  return incarnation === null ? { kind: "session", session } : { kind: "session", session, incarnation };
}

function afterEntry([transaction, session, namespace]: Entry): NonNullable<Position["after"]> {
  return [transaction, session, namespace && placeOf(namespaceSortPrefix(namespace))];
}
