import { allPages, type StoredEvent } from "@relevo/core";
import { transferLogs } from "../../capabilities.ts";
import { check, equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  executes,
  handsOff,
  isReplay,
  messages,
  operationOf,
  range,
  retracts,
  says,
  stateOf,
  summarizes,
  trimAll,
} from "../../samples.ts";

/** The seqs of tombstones. */
function blankSeqs(events: readonly StoredEvent[]): readonly number[] {
  return events.filter(({ erasedAt }) => erasedAt !== undefined).map(({ seq }) => seq);
}

export const eraseCases: readonly ConformanceCase[] = [
  {
    id: "log/erase-leaves-tombstones",
    area: "log",
    contract:
      "An erased event keeps its place, type and times and nothing else; the log has no gap and the others stay as they are.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, [
        says("keep 1"),
        says("secret", {
          agent: "writer",
          at: 42,
          pinned: true,
          tokens: { c: 1 },
          metadata: { topic: "secret" },
        }),
        { type: "x-secret", body: "secret" },
        says("keep 4"),
      ]);
      const before = await eventsOf(log, address);
      const { revision } = present(await log.head(address), "the head");
      const result = await log.erase(address, { seqs: [range(2, 3)] });
      equal(result.erased, [2, 3], "what the erase reports");
      check(result.revision > revision, "the revision did not grow");
      const after = await eventsOf(context.other.log, address);
      equal(
        after.map(({ seq, type }) => [seq, type]),
        [
          [1, "message"],
          [2, "message"],
          [3, "x-secret"],
          [4, "message"],
        ],
        "places and types",
      );
      equal([after[0], after[3]], [before[0], before[3]], "the events that were not erased");
      const { erasedAt, ...tombstone } = present(after[1], "the tombstone");
      check(typeof erasedAt === "number", "a tombstone tells when it was erased");
      equal(tombstone, { seq: 2, type: "message", at: 42, recordedAt: before[1]?.recordedAt }, "a tombstone");
      equal(await eventsOf(log, address, { agent: "writer" }), [], "events of the erased agent");
      equal(await eventsOf(log, address, { pinned: true }), [], "pinned events");
    },
  },
  {
    id: "log/erase-follows-derivation",
    area: "log",
    contract:
      "An erase also blanks every event derived from what it erases, through any number of steps, whatever its type.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(3));
      await log.append(address, [
        summarizes("of 1 and 2", range(1, 2)),
        handsOff("quotes 2", range(2)),
        executes("quotes the summary", range(4)),
        says("quotes 3", { derivedFrom: [range(3)] }),
      ]);
      await log.append(address, [summarizes("of the summary", range(4)), says("plain")]);
      await log.append(address, [summarizes("of the summary of the summary", range(3), range(8))]);
      const { erased } = await context.other.log.erase(address, { seqs: [range(2)] });
      equal(erased, [2, 4, 5, 6, 8, 10], "what the erase reports");
      equal(blankSeqs(await eventsOf(log, address)), [2, 4, 5, 6, 8, 10], "tombstones");
    },
  },
  {
    id: "log/erased-content-is-nowhere",
    area: "log",
    contract: "After an erase its content is found by no read, scan, export, operation or head.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const secret = "Zugspitze-4711";
      await log.append(address, [says("keep")]);
      await log.append(address, [says(secret, { agent: secret, metadata: { [secret]: secret } })], {
        operation: operationOf("send-secret", { text: secret }),
      });
      await log.append(address, [summarizes(`They said ${secret}`, range(2)), says("keep too")]);
      await log.append(address, [retracts(range(2))]);
      await log.erase(address, { seqs: [range(2)] });
      const found: unknown[] = [];
      for (const one of [log, context.other.log]) {
        for (const retracted of ["exclude", "include", "only"] as const) {
          for (const direction of ["forward", "backward"] as const) {
            for (const atVersion of [undefined, 4]) {
              const at = atVersion === undefined ? {} : { atVersion };
              found.push(await one.read(address, { retracted, direction, limit: 1000, ...at }));
            }
          }
        }
        found.push(
          await one.head(address),
          await one.operation(address, "send-secret"),
          await one.list(context.tenant),
        );
      }
      for (const one of [context.store.log, context.other.log]) {
        for await (const item of allPages((cursor) => one.scan(context.tenant, cursor))) found.push(item);
      }
      for (const one of transferLogs(context) ?? []) found.push(await one.exportEvents(address));
      check(
        !JSON.stringify(found).includes(secret),
        `the erased content is still there: ${JSON.stringify(found)}`,
      );
      const kept = [says("keep"), says("keep too"), retracts(range(2))];
      const bytes = kept.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
      equal((await log.head(address))?.bytes, bytes, "the bytes of what is left");
    },
  },
  {
    id: "log/erase-follows-what-was-trimmed",
    area: "log",
    contract: "Erasing an event that was trimmed before still blanks what was derived from it.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(2));
      await log.append(address, [
        summarizes("tells of 1", range(1)),
        handsOff("tells of the summary", range(3)),
        says("plain"),
      ]);
      await trimAll(log, address, { beforeSeq: 3 });
      equal(
        (await context.other.log.erase(address, { seqs: [range(1)] })).erased,
        [3, 4],
        "what the erase reports",
      );
      equal(blankSeqs(await eventsOf(log, address)), [3, 4], "tombstones");
    },
  },
  {
    id: "log/erase-can-be-repeated",
    area: "log",
    contract:
      "Erasing again, or what is not there, is no error, changes no tombstone and touches nothing else.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(4));
      await log.trim(address, { beforeSeq: 2 });
      const first = await log.erase(address, { seqs: [range(3)], incarnation });
      equal(first.erased, [3], "the first erase");
      const before = await eventsOf(log, address);
      await context.advance(20);
      equal((await context.other.log.erase(address, { seqs: [range(3)] })).erased, [3], "the second erase");
      equal(await eventsOf(log, address), before, "the events after the second erase");
      equal(
        (await log.erase(address, { seqs: [range(1), range(90, 99)] })).erased,
        [],
        "an erase of what is not there",
      );
      equal(await eventsOf(log, address), before, "the events after an erase of what is not there");
      const neighbour = addressOf(context, "neighbour");
      await log.append(neighbour, messages(4));
      const state = await stateOf(log, neighbour);
      await log.erase(address, { seqs: [range(1, 4)] });
      equal(await stateOf(log, neighbour), state, "the neighbour");
    },
  },
  {
    id: "log/erase-keeps-operations",
    area: "log",
    contract:
      "The operation that appended erased content stays known: its retry replays and brings nothing back.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const operation = operationOf("send-1");
      const first = await log.append(address, [says("secret")], { operation });
      await log.erase(address, { seqs: [range(1)] });
      const retry = await context.other.log.append(address, [says("secret")], { operation });
      isReplay(retry, first, "the retry after the erase");
      equal(blankSeqs(await eventsOf(log, address)), [1], "tombstones");
      const next = await log.append(address, [says("next")], { expectedVersion: 1 });
      equal(next.firstSeq, 2, "the seq after a tombstone");
    },
  },
  {
    id: "log/erase-keeps-retraction-marks",
    area: "log",
    contract: "A tombstone of a retracted event stays retracted, and one that was not is shown in its place.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(3));
      await log.append(address, [retracts(range(2))]);
      await log.erase(address, { seqs: [range(2, 3)] });
      const shown = async (retracted: "exclude" | "include" | "only"): Promise<unknown> =>
        (await eventsOf(log, address, { retracted })).map(({ seq, retractedBy, body }) => [
          seq,
          retractedBy,
          body === undefined,
        ]);
      const [one, two, three, four] = [
        [1, undefined, false],
        [2, 4, true],
        [3, undefined, true],
        [4, undefined, false],
      ];
      equal(await shown("exclude"), [one, three, four], "effective");
      equal(await shown("include"), [one, two, three, four], "all");
      equal(await shown("only"), [two], "retracted only");
    },
  },
  {
    id: "log/erase-can-keep-what-was-derived",
    area: "log",
    contract:
      'An erase with `derived: "keep"` blanks its events alone, and their tombstones say so. It counts as a removal. A later erase without it still blanks what was derived from them, also through a tombstone.',
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(4));
      await log.append(address, [summarizes("of 1 to 3", range(1, 3)), handsOff("quotes 2", range(2))]);
      await log.append(address, [summarizes("of the summary", range(5)), retracts(range(4))]);
      const seqs = [range(2), range(4, 5), range(9)];
      const result = await context.other.log.erase(address, { seqs, derived: "keep" });
      equal(result.erased, [2, 4, 5], "what the erase reports");
      const events = await eventsOf(log, address, { retracted: "include" });
      equal(blankSeqs(events), [2, 4, 5], "tombstones");
      const { recordedAt, erasedAt } = present(events[1], "the tombstone");
      equal(
        events[1],
        { seq: 2, type: "message", recordedAt, erasedAt, derived: "kept" },
        "the tombstone of what was kept",
      );
      equal(events[3]?.retractedBy, 8, "the mark of a retraction");
      equal((await log.head(address))?.removalRevision, result.removalRevision, "the removal revision");
      const late = summarizes("of what is gone", range(2));
      await refuses(
        log.append(address, [late], { incarnation, removalRevision: result.removalRevision - 1 }),
        "conflict",
        "a summary of what was erased meanwhile",
      );
      const again = await log.erase(address, { seqs: [range(2)], derived: "keep" });
      equal(again.erased, [2], "what a repeated erase reports");
      await log.erase(address, { seqs: [range(2)] });
      const left = await eventsOf(log, address, { retracted: "include" });
      equal(blankSeqs(left), [2, 4, 5, 6, 7], "what is blank after an erase of what was derived, too");
    },
  },
];
