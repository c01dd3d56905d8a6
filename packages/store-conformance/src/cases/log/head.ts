import type { EventInput } from "@relevo/core";
import { check, equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, messages, range, retracts, says, stateOf, summarizes } from "../../samples.ts";

function bytesOf(...events: readonly EventInput[]): number {
  return events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
}

export const headCases: readonly ConformanceCase[] = [
  {
    id: "log/head-figures",
    area: "log",
    contract:
      "The head tells version, firstSeq, how many events there are and their exact bytes as JSON in UTF-8, retracted ones and tombstones included.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const events = [
        says('ñandú 漢字 😀 "quoted" \u2028\n\u0001'),
        says("two", { metadata: { empty: {}, list: [], number: -0.5 } }),
        summarizes("of two", range(2)),
        says("four"),
      ] as const;
      const result = await log.append(address, events, {
        init: { subject: "user-7", metadata: { topic: "x" } },
      });
      const head = present(await context.other.log.head(address), "the head");
      const { createdAt, updatedAt, token, ...figures } = head;
      equal(
        figures,
        {
          session: address.session,
          incarnation: result.incarnation,
          version: 4,
          revision: result.revision,
          removalRevision: 0,
          firstSeq: 1,
          events: 4,
          bytes: bytesOf(...events),
          subject: "user-7",
          metadata: { topic: "x" },
        },
        "the head after an append",
      );
      equal(token, result.token, "the token of the head");
      check(
        Number.isSafeInteger(createdAt) && createdAt <= updatedAt,
        `createdAt ${createdAt}, updatedAt ${updatedAt}`,
      );
      const undo = retracts(range(4));
      await log.append(address, [undo]);
      const retracted = present(await log.head(address), "the head");
      equal([retracted.events, retracted.bytes], [5, bytesOf(...events, undo)], "after a retraction");
      await log.erase(address, { seqs: [range(2)] });
      const erased = present(await log.head(address), "the head");
      equal([erased.events, erased.bytes], [5, bytesOf(events[0], events[3], undo)], "after an erase of two");
      await log.trim(address, { beforeSeq: 4 });
      const trimmed = present(await log.head(address), "the head");
      equal(
        [trimmed.version, trimmed.firstSeq, trimmed.events, trimmed.bytes],
        [5, 4, 2, bytesOf(events[3], undo)],
        "after a trim",
      );
    },
  },
  {
    id: "log/revision-grows",
    area: "log",
    contract:
      "The revision grows with every append, erase, trim and change of metadata, subject or lifetime, and with no read or refused call.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const { revision: first, incarnation } = await log.append(address, messages(4));
      let revision = first;
      const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
        ["an append", () => context.other.log.append(address, [says("five")])],
        ["a retraction", () => log.append(address, [retracts(range(5))])],
        ["an erase", () => log.erase(address, { seqs: [range(3)] })],
        ["a trim", () => log.trim(address, { beforeSeq: 2 })],
        ["new metadata", () => log.touch(address, { metadata: { topic: "new" } })],
        ["a new lifetime", () => context.other.log.touch(address, { ttlMs: 600_000 })],
        ["a new subject", () => log.touch(address, { subject: "user-9" })],
        ["no lifetime", () => log.touch(address, { ttlMs: null })],
      ];
      for (const [what, change] of changes) {
        await change();
        const head = present(await log.head(address), "the head");
        check(
          head.revision > revision,
          `the revision did not grow with ${what}: ${revision} to ${head.revision}`,
        );
        equal(head.incarnation, incarnation, `the incarnation after ${what}`);
        revision = head.revision;
      }
      await log.read(address);
      await refuses(log.append(address, [says("x")], { expectedVersion: 1 }), "conflict", "a stale append");
      equal((await log.head(address))?.revision, revision, "the revision after a read and a refused append");
      equal((await log.read(address)).revision, revision, "the revision of a read");
    },
  },
  {
    id: "log/touch-changes-what-is-given",
    area: "log",
    contract:
      "A touch replaces subject and metadata when they are given, leaves the rest, and answers `undefined` for a missing session.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      equal(await log.touch(address, { metadata: { a: 1 } }), undefined, "a touch of a missing session");
      equal(await log.head(address), undefined, "the head of a session that was only touched");
      const { incarnation } = await log.append(address, messages(2), {
        init: { subject: "user-7", metadata: { a: 1, b: { c: 2 } } },
        ttlMs: 600_000,
      });
      const touched = present(await log.touch(address, { metadata: { b: { d: 3 } } }), "the touched head");
      const { previousToken: _, ...head } = touched;
      equal(head, await context.other.log.head(address), "what the touch returned");
      equal(
        [touched.subject, touched.metadata, touched.version, touched.events],
        ["user-7", { b: { d: 3 } }, 2, 2],
        "subject, metadata, version and events",
      );
      check(touched.expiresAt !== undefined, "the touch ended the lifetime");
      const owned = present(await log.touch(address, { subject: "user-8", incarnation }), "the touched head");
      equal([owned.subject, owned.metadata], ["user-8", { b: { d: 3 } }], "after a new subject");
      const before = await stateOf(log, addressOf(context, "neighbour"));
      await log.touch(address, { metadata: {} });
      equal(await stateOf(log, addressOf(context, "neighbour")), before, "the neighbour");
      equal((await log.head(address))?.metadata, {}, "emptied metadata");
    },
  },
];
