import type { StoredEvent, TransferBatch } from "@relevo/core";
import { maxImportedVersion } from "@relevo/core/store";
import { transferLogs } from "../../capabilities.ts";
import { equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  handsOff,
  messages,
  range,
  retracts,
  says,
  seqsOf,
  stateOf,
  summarizes,
} from "../../samples.ts";
import { seenIn } from "../log/removals.ts";
import { copySession } from "./copy-session.ts";

export const transferRemovalCases: readonly ConformanceCase[] = [
  {
    id: "transfer/removals-travel",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A copy knows what was removed from its source, and when: an event that is derived from what was removed after its writer read the source is refused there too, and no other.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const source = addressOf(context);
      const target = { tenant: `${context.tenant}-archive`, session: "session" };
      await log.append(source, messages(8));
      await log.erase(source, { seqs: [range(8)] });
      const early = seenIn(await log.read(source));
      await log.erase(source, { seqs: [range(1, 2)] });
      await log.append(source, [retracts(range(4))]);
      const late = seenIn(await log.read(source));
      const copy = await copySession(log, source, other, target, 3);
      equal(copy.removalRevision, late.removalRevision, "the removal revision of the copy");
      await other.unseal(target);
      const before = await stateOf(log, target);
      for (const seq of [1, 4]) {
        await refuses(
          log.append(target, [summarizes(`of ${seq}`, range(seq))], early),
          "conflict",
          `an event derived from ${seq}, which was removed from the source`,
          { conflict: "removal", removalRevision: copy.removalRevision },
        );
      }
      equal(await stateOf(other, target), before, "the copy after refusals");
      await log.append(target, [summarizes("of 3, 5 and 8", range(3), range(5), range(8))], early);
      await log.append(target, [summarizes("of 1 to 7", range(1, 7))], late);

      // An erasure that comes later to the source reaches the copy, and counts as one there.
      await log.unseal(source);
      const { incarnation, removalRevision } = seenIn(await log.read(target));
      await log.erase(source, { seqs: [range(6)] });
      await other.importEvents(target, present(await log.exportEvents(source, { limit: 8 }), "the export"));
      await refuses(
        log.append(target, [summarizes("of 6", range(6))], { incarnation, removalRevision } as typeof late),
        "conflict",
        "an event derived from what an import erased",
        { conflict: "removal" },
      );
    },
  },
  {
    id: "transfer/later-retractions-take-effect",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A retraction that comes after the events that it names were imported takes them, and the summaries of them, out of what is effective in the copy. It counts as a removal there: what is derived from them by a writer who read the copy before the import is refused, whatever was removed from the copy itself.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const source = addressOf(context);
      const target = { tenant: `${context.tenant}-archive`, session: "session" };
      await log.append(source, messages(6));
      await log.append(source, [summarizes("of 1", range(1))]);
      await copySession(log, source, other, target);
      await log.unseal(source);
      // The copy counts its own removals, so that its removal revision is no less than what the batch brings.
      await other.erase(target, { seqs: [range(5)] });
      await other.erase(target, { seqs: [range(6)] });
      const early = seenIn(await log.read(target));
      await log.append(source, [retracts(range(1, 2))]);
      await copySession(log, source, other, target);
      equal(await seqsOf(log, target), [3, 4, 5, 6, 8], "what is effective in the copy");
      equal(await seqsOf(other, target, { retracted: "only" }), [1, 2, 7], "what the copy says is retracted");
      await other.unseal(target);
      for (const seq of [1, 2, 7]) {
        await refuses(
          log.append(target, [summarizes(`of ${seq}`, range(seq))], early),
          "conflict",
          `an event derived from ${seq}, which an import retracted`,
          { conflict: "removal" },
        );
      }
      await log.append(target, [summarizes("of 3 and 4", range(3, 4))], early);
    },
  },
  {
    id: "transfer/retractions-of-a-batch-take-effect",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A retraction takes effect on the events before it in its own batch that nothing marks yet, and on the summaries of them, also when the import creates the session. What the batch marks already, or names as removed, is left as it says.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const source = addressOf(context);
      await log.append(source, messages(4));
      await log.append(source, [summarizes("of 2", range(2)), summarizes("of 4", range(4))]);
      await log.append(source, [retracts(range(1, 2))]);
      await log.append(source, [retracts(range(1, 3)), says("nine")]);
      const batch = present(await log.exportEvents(source), "the export");
      const marks = (event: StoredEvent): readonly (number | undefined)[] => [event.seq, event.retractedBy];
      const original = batch.events.map(marks);
      const unmarked = (event: StoredEvent): StoredEvent => {
        const { retractedBy: _by, ...rest } = event;
        return rest as StoredEvent;
      };
      // A retraction takes out what stands before it, whatever it names.
      const reaching = (event: StoredEvent): StoredEvent =>
        event.type === "retraction" && event.seq === 8
          ? ({ ...event, body: { ...event.body, ranges: [range(1, 3), range(9, 1000)] } } as StoredEvent)
          : event;
      const forms = {
        whole: batch.events,
        reaching: batch.events.map(unmarked).map(reaching),
        none: batch.events.map(unmarked),
        some: batch.events.map((event) => ([2, 5].includes(event.seq) ? event : unmarked(event))),
      };
      for (const [name, events] of Object.entries(forms)) {
        const target = { tenant: `${context.tenant}-archive`, session: name };
        const head = await other.importEvents(target, { ...batch, events });
        equal(
          (await eventsOf(log, target, { retracted: "include" })).map(marks),
          original,
          `marks of ${name}`,
        );
        equal(await seqsOf(log, target), [4, 6, 7, 8, 9], `what is effective in the copy of ${name}`);
        equal(head.removalRevision, batch.head.removalRevision, `the removal revision of ${name}`);
      }
    },
  },
  {
    id: "transfer/import-leaves-room-for-numbers",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A batch whose version, revision or seqs are so great that the next ones would no longer be exact is refused; below that, seqs go on one by one.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const source = addressOf(context);
      await log.append(source, messages(1));
      const batch = present(await log.exportEvents(source), "the export");
      const at = (version: number, revision: number = version): TransferBatch => ({
        ...batch,
        head: { ...batch.head, version, revision, firstSeq: version },
        events: batch.events.map((event) => ({ ...event, seq: version })),
        operations: [],
      });
      for (const [what, refused] of [
        ["version 2^53 - 1", at(Number.MAX_SAFE_INTEGER)],
        ["version 2^53 - 2", at(Number.MAX_SAFE_INTEGER - 1)],
        ["a revision near 2^53", at(1, Number.MAX_SAFE_INTEGER - 1)],
      ] as const) {
        const target = addressOf(context, what);
        await refuses(other.importEvents(target, refused), "invalid-input", `an import at ${what}`);
        equal(await log.head(target), undefined, "the session that was not imported");
      }
      const target = addressOf(context, "great");
      await other.importEvents(target, at(maxImportedVersion));
      await other.unseal(target);
      for (let index = 0; index < 3; index++) await log.append(target, [says(`next ${index}`)]);
      equal(
        await seqsOf(log, target),
        [0, 1, 2, 3].map((index) => maxImportedVersion + index),
        "seqs behind a great version",
      );
    },
  },
  {
    id: "transfer/kept-derivations-travel",
    area: "transfer",
    needs: ["transfer"],
    contract:
      'An event that was erased with `derived: "keep"` is erased so in a copy that still has its content, and in one that has nothing: what was derived from it stays in both.',
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const source = addressOf(context);
      await log.append(source, messages(4));
      await log.append(source, [summarizes("of 1 and 2", range(1, 2)), handsOff("quotes 3", range(3))]);
      const tenant = `${context.tenant}-archive`;
      const [older, newer] = [
        { tenant, session: "older" },
        { tenant, session: "newer" },
      ];
      await copySession(log, source, other, older);
      await log.unseal(source);
      await log.erase(source, { seqs: [range(2)], derived: "keep" });
      await log.erase(source, { seqs: [range(3)] });
      await copySession(log, source, other, older);
      await copySession(log, source, other, newer);
      for (const [name, address] of Object.entries({ older, newer })) {
        const events = await eventsOf(log, address);
        equal(
          events.map((event) => [
            event.seq,
            event.erasedAt !== undefined,
            event.erasedAt === undefined ? undefined : event.derived,
          ]),
          [
            [1, false, undefined],
            [2, true, "kept"],
            [3, true, undefined],
            [4, false, undefined],
            [5, false, undefined],
            [6, true, undefined],
          ],
          `the ${name} copy`,
        );
      }
      equal(
        (await other.erase(newer, { seqs: [range(2)] })).erased,
        [2, 5],
        "what an erase of the copy reports",
      );
    },
  },
];
