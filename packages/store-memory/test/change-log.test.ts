import { describe, expect, it } from "vitest";
import { ChangeLog, type LiveUnits } from "../src/change-log.ts";
import { createMemoryStore } from "../src/index.ts";
import { at, failure, says } from "./support.ts";

describe("a cursor of the change feed", () => {
  it("of another memory is refused as lost, so that its consumer begins again", async () => {
    await using first = createMemoryStore();
    await using second = createMemoryStore();
    for (const { log } of [first, second]) await log.append(at("a"), [says("x")]);
    const { tenant } = at("a");
    const { cursor } = await first.feed.changes(tenant);
    const lost = await failure(second.feed.changes(tenant, { cursor }), "history-lost");
    expect(lost.details).toMatchObject({ reason: "changes" });
    expect((await first.feed.changes(tenant, { cursor })).units).toEqual([]);
  });

  it("is lost once entries of ended units that it has not seen were forgotten", () => {
    const live: LiveUnits = { size: 0, incarnation: () => undefined, holds: () => false };
    const log = new ChangeLog("epoch");
    const request = { tenant: "t", signal: undefined, from: "beginning", limit: 1 } as const;
    log.noteSession("s-0", live);
    const early = log.changes({ ...request, after: undefined }, live).ok?.position;
    for (let index = 1; index <= 210_100; index++) log.noteSession(`s-${index}`, live);
    expect(log.changes({ ...request, after: early }, live).refused).toBe("changes");
    const late = log.changes({ ...request, from: "now", after: undefined }, live).ok?.position;
    log.noteSession("last", live);
    expect(log.changes({ ...request, after: late }, live).ok?.units).toEqual([
      { kind: "session", session: "last" },
    ]);
  });
});
