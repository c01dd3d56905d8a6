import type { StoredEvent } from "../../../events.ts";
import type { BelowPage } from "../../../ports/below-page.ts";
import { maxPinnedBelow, maxSummariesLookedAt, summariesInForce } from "../../below-page.ts";
import type { AdmittedBelow } from "../../log-calls.ts";
import type { LogSnapshot } from "./log-snapshot.ts";
import { type PageRequest, readPage } from "./read-page.ts";

/** What stands below a newest page. */
export async function readBelow(
  log: LogSnapshot,
  wanted: AdmittedBelow,
  page: readonly StoredEvent[],
): Promise<BelowPage> {
  const from = page.at(-1)?.seq ?? log.state.version + 1;
  return {
    ...(wanted.pinned ? await pinnedBelow(log, from) : {}),
    ...(wanted.summaries ? await summariesBelow(log, from) : {}),
  };
}

async function pinnedBelow(log: LogSnapshot, from: number): Promise<BelowPage> {
  const newestFirst = await readNewest(
    log,
    { types: new Set(["message"]), pinned: true },
    from,
    maxPinnedBelow + 1,
  );
  const pinned = newestFirst.slice(0, maxPinnedBelow).reverse();
  return newestFirst.length > maxPinnedBelow ? { pinned, morePinned: true } : { pinned };
}

async function summariesBelow(log: LogSnapshot, from: number): Promise<BelowPage> {
  const newestFirst = await readNewest(
    log,
    { types: new Set(["summary"]), pinned: undefined },
    log.state.version + 1,
    maxSummariesLookedAt + 1,
  );
  const inForce = summariesInForce(newestFirst.slice(0, maxSummariesLookedAt));
  const summaries = inForce.filter(({ seq }) => seq < from).reverse();
  return newestFirst.length > maxSummariesLookedAt ? { summaries, moreSummaries: true } : { summaries };
}

/** The newest effective events before this place that still have their content. */
async function readNewest(
  log: LogSnapshot,
  filter: Pick<PageRequest, "types" | "pinned">,
  from: number,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (let before: number | undefined = from; before !== undefined && found.length < limit; ) {
    const { events, next }: Awaited<ReturnType<typeof readPage>> = await readPage(log, {
      ...filter,
      after: 0,
      before,
      limit: limit - found.length,
      direction: "backward",
      agent: undefined,
      atVersion: undefined,
      retracted: "exclude",
    });
    found.push(...events.filter(({ erasedAt }) => erasedAt === undefined));
    before = next;
  }
  return found;
}
