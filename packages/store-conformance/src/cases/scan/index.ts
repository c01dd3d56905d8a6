import { allPages, type ScannedEvent, type ScanOptions } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { encodeCursor } from "@relevo/core/store";
import { check, equal, eventually, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, executes, letExpire, messages, range, retracts, says } from "../../samples.ts";

/** All pages of a scan. */
async function scanned(context: CaseContext, options: ScanOptions = {}): Promise<readonly ScannedEvent[]> {
  const other = context.other.log;
  const items: ScannedEvent[] = [];
  for await (const item of allPages((cursor) => other.scan(context.tenant, { ...options, ...cursor }))) {
    items.push(item);
  }
  return items;
}

function placesOf(items: readonly ScannedEvent[]): readonly string[] {
  return items.map(({ session, event }) => `${session} ${event.seq}`);
}

async function expectScan(
  context: CaseContext,
  options: ScanOptions,
  places: readonly string[],
): Promise<void> {
  await eventually(context, async () =>
    equal(placesOf(await scanned(context, options)), places, `the scan ${JSON.stringify(options)}`),
  );
}

/** Three sessions whose events were recorded at three times that the clock told apart. */
async function fill(context: CaseContext): Promise<readonly number[]> {
  const { log } = context.store;
  const record = async (session: string, agent: string, executionId: string): Promise<void> => {
    await log.append(addressOf(context, session), [says(executionId), { ...executes(executionId), agent }]);
  };
  await record("b", "writer", "e-1");
  await context.advance(60);
  await record("a", "writer2", "e-2");
  await context.advance(60);
  await record("b", "writer", "e-3");
  const read = await Promise.all(["b", "a"].map((session) => log.read(addressOf(context, session))));
  const [first, , second] = present(read[0], "a read").events;
  return [first, read[1]?.events[0], second].map((event) => present(event, "an event").recordedAt);
}

export const scanCases: readonly ConformanceCase[] = [
  {
    id: "scan/scan-is-ordered-by-time",
    area: "scan",
    contract:
      "`scan` returns the events of all sessions in the order of recording time, session id, seq, each with its session.",
    async run(context) {
      await expectScan(context, {}, []);
      await fill(context);
      for (const limit of [1, 2, 100]) {
        await expectScan(context, { limit }, ["b 1", "b 2", "a 1", "a 2", "b 3", "b 4"]);
      }
      const [item] = await scanned(context);
      const read = await context.store.log.read(addressOf(context, "b"));
      equal(
        item,
        { session: "b", incarnation: read.incarnation, event: read.events[0] },
        "the first item of the scan",
      );
    },
  },
  {
    id: "scan/scan-orders-equal-times",
    area: "scan",
    needs: ["rewind"],
    contract:
      "Events recorded at the same time are scanned by session id as UTF-8 bytes, then seq, across pages.",
    async run(context) {
      if (context.rewind === undefined) return;
      await context.rewind(0);
      const sessions = ["b", "😀", "\uff5e", "a", "aa", "A"];
      for (const session of sessions)
        await context.store.log.append(addressOf(context, session), messages(2));
      const expected = sessions.toSorted(compareUtf8).flatMap((session) => [`${session} 1`, `${session} 2`]);
      for (const limit of [1, 3, 100]) await expectScan(context, { limit }, expected);
    },
  },
  {
    id: "scan/scan-filters",
    area: "scan",
    contract:
      "`types`, `agent`, `since` (included) and `until` (excluded) select exactly, alone and together.",
    async run(context) {
      const [first = 0, second = 0, third = 0] = await fill(context);
      check(first < second && second < third, "the store's clock did not move");
      await expectScan(context, { types: ["execution"] }, ["b 2", "a 2", "b 4"]);
      await expectScan(context, { agent: "writer" }, ["b 2", "b 4"]);
      await expectScan(context, { agent: "writ_r" }, []);
      await expectScan(context, { since: second }, ["a 1", "a 2", "b 3", "b 4"]);
      await expectScan(context, { until: second }, ["b 1", "b 2"]);
      await expectScan(context, { since: first, until: third, types: ["message"] }, ["b 1", "a 1"]);
      await expectScan(context, { since: third + 1 }, []);
      await expectScan(context, { agent: "writer", since: second, limit: 1 }, ["b 4"]);
    },
  },
  {
    id: "scan/scan-follows-the-logs",
    area: "scan",
    contract:
      "What was retracted, trimmed, deleted or has expired is not scanned; what was erased has no body.",
    async run(context) {
      const { log } = context.store;
      for (const session of ["retracted", "trimmed", "deleted", "expired", "erased"]) {
        await log.append(addressOf(context, session), messages(2, session));
      }
      await log.append(addressOf(context, "retracted"), [retracts(range(1))]);
      await log.trim(addressOf(context, "trimmed"), { beforeSeq: 2 });
      await log.delete(addressOf(context, "deleted"));
      await log.append(addressOf(context, "deleted"), messages(1, "anew"));
      await letExpire(context, addressOf(context, "expired"));
      await log.erase(addressOf(context, "erased"), { seqs: [range(1)] });
      await eventually(context, async () => {
        const items = await scanned(context, { types: ["message"] });
        const shown = items.map(
          ({ session, event }) => `${session} ${event.seq}${event.body ? "" : " blank"}`,
        );
        equal(
          shown.toSorted(),
          ["deleted 1", "erased 1 blank", "erased 2", "retracted 2", "trimmed 2"],
          "what is scanned",
        );
      });
      const items = await scanned(context);
      check(!JSON.stringify(items).includes("deleted 2"), "an event of the deleted incarnation is scanned");
    },
  },
  {
    id: "scan/scan-pages-while-others-write",
    area: "scan",
    contract: "Paging while others append returns every event that was there at the start exactly once.",
    async run(context) {
      const { log } = context.store;
      for (const session of ["a", "b", "c"]) await log.append(addressOf(context, session), messages(4));
      const before = ["a", "b", "c"].flatMap((session) => [1, 2, 3, 4].map((seq) => `${session} ${seq}`));
      await eventually(context, async () =>
        equal((await scanned(context)).length, 12, "events before paging"),
      );
      await context.advance(20);
      const seen: string[] = [];
      for await (const { session, event } of allPages((cursor) =>
        log.scan(context.tenant, { limit: 5, ...cursor }),
      )) {
        seen.push(`${session} ${event.seq}`);
        if (seen.length <= 8)
          await context.other.log.append(addressOf(context, `${session}0`), [says("new")]);
        if (seen.length === 3) await context.other.log.trim(addressOf(context, "a"), { beforeSeq: 2 });
        check(seen.length < 100, "paging does not end");
      }
      equal(
        seen.filter((place) => before.includes(place)).toSorted(),
        before,
        "the events that were there at the start",
      );
      equal(new Set(seen).size, seen.length, "events that were seen, each once");
    },
  },
  {
    id: "scan/scan-refuses-foreign-cursors",
    area: "scan",
    contract: "A cursor that is not one of `scan`, and a limit out of bounds, is refused.",
    async run(context) {
      const { log } = context.store;
      await fill(context);
      const forged = [
        "x",
        encodeCursor("sessions", ["a"]),
        encodeCursor("scan", ["a", "a", 1]),
        encodeCursor("scan", [1, 2, 1]),
        encodeCursor("scan", [1, "a", 0]),
        encodeCursor("scan", []),
      ];
      for (const cursor of forged) {
        await refuses(() => log.scan(context.tenant, { cursor }), "invalid-input", `the cursor ${cursor}`);
      }
      for (const limit of [0, 1001, 0.5]) {
        await refuses(
          () => log.scan(context.tenant, { limit }),
          "invalid-input",
          `a scan with limit ${limit}`,
        );
      }
    },
  },
];
