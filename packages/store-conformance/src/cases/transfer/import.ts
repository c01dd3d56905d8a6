import type { AppendResult, EventInput, StoredEvent, TransferBatch } from "@relevo/core";
import { transferLogs } from "../../capabilities.ts";
import { check, equal, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  isReplay,
  messages,
  operationOf,
  range,
  retracts,
  says,
  seqsOf,
  stateOf,
  summarizes,
  trimAll,
} from "../../samples.ts";
import { copySession, exportAll } from "./copy-session.ts";

/** A session with everything that has to travel: 12 events, retracted ones, a tombstone, operations. */
async function fill(context: CaseContext): Promise<void> {
  const { log } = context.store;
  const address = addressOf(context);
  const init = { subject: "user-7", metadata: { topic: "x" } };
  await log.append(address, messages(5, "ñ 漢"), { operation: operationOf("send-1"), init, ttlMs: 600_000 });
  await log.append(address, [summarizes("of 1", range(1)), says("agent's", { agent: "writer", at: 9 })]);
  await log.append(address, [retracts(range(1)), says("eight")], { operation: operationOf("send-2") });
  await log.append(address, [], { operation: operationOf("send-nothing") });
  await log.append(address, messages(3), { operation: operationOf("send-3") });
  await log.erase(address, { seqs: [range(3)] });
}

/** An address of another tenant in the same store: as far apart as two stores. */
function archiveOf(context: CaseContext): { readonly tenant: string; readonly session: string } {
  return { tenant: `${context.tenant}-archive`, session: "session" };
}

function changed(batch: TransferBatch): TransferBatch {
  const [first, ...rest] = batch.events;
  const other = { ...present(first, "an event"), body: { role: "user", content: "forged" } } as StoredEvent;
  return { ...batch, events: [other, ...rest] };
}

export const importCases: readonly ConformanceCase[] = [
  {
    id: "transfer/export-shows-everything",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "An export returns events in ascending order after `after`, at most `limit`, retracted ones and tombstones included, with head and lifetime.",
    async run(context) {
      const [log] = transferLogs(context) ?? [];
      if (log === undefined) return;
      await fill(context);
      const address = addressOf(context);
      const all = await eventsOf(log, address, { retracted: "include" });
      const whole = present(await log.exportEvents(address, { limit: 1000 }), "the export");
      equal(whole.events, all, "the events of one export");
      equal([whole.head, whole.ttlMs], [await log.head(address), 600_000], "head and lifetime");
      for (const limit of [1, 4]) {
        const batches = await exportAll(log, address, limit);
        equal(
          batches.flatMap(({ events }) => events),
          all,
          `the events of exports of ${limit}`,
        );
      }
    },
  },
  {
    id: "transfer/export-ends-by-bytes",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A batch of big events has no more than `limits.batchBytes` of them, so that an import takes it; the batches together are the whole session.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const { batchBytes, valueBytes } = context.store.limits;
      const [source, target] = [addressOf(context), archiveOf(context)];
      const each = Math.trunc(valueBytes * 0.9);
      const count = Math.ceil(batchBytes / each) + 1;
      for (let index = 1; index <= count; index++) {
        await log.append(source, [says("x".repeat(each))], { operation: operationOf(`send-${index}`) });
      }
      await log.seal(source);
      const batches = await exportAll(log, source, 1000);
      for (const { events } of batches) {
        const bytes = events.length * each;
        check(bytes <= batchBytes, `a batch of ${bytes} bytes under batchBytes ${batchBytes}`);
      }
      equal(
        batches.flatMap(({ operations }) => operations.map(({ result }) => result.version)),
        Array.from({ length: count }, (_, index) => index + 1),
        "the operations of all batches",
      );
      for (const batch of batches) await other.importEvents(target, batch);
      equal((await log.head(target))?.version, count, "the version of the copy");
    },
  },
  {
    id: "transfer/import-keeps-everything",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A copy has the incarnation, seqs, times, tombstones, retractions and figures of its source; it is sealed until `unseal`, and goes on from there.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      await fill(context);
      const [source, target] = [addressOf(context), archiveOf(context)];
      const copy = await copySession(log, source, other, target, 4);
      const original = present(await log.head(source), "the head of the source");
      for (const figure of [
        "incarnation",
        "version",
        "firstSeq",
        "events",
        "bytes",
        "subject",
        "metadata",
        "sealed",
      ] as const) {
        equal(copy[figure], original[figure], `${figure} of the copy`);
      }
      check(copy.expiresAt !== undefined, "the copy lost its lifetime");
      for (const retracted of ["include", "exclude", "only"] as const) {
        const expected = await eventsOf(log, source, { retracted });
        equal(await eventsOf(other, target, { retracted }), expected, `the events of the copy, ${retracted}`);
      }
      equal(await seqsOf(log, target, { agent: "writer" }), [7], "an indexed read of the copy");
      await refuses(log.append(target, [says("early")]), "conflict", "an append to the copy", {
        conflict: "sealed",
      });
      await other.unseal(target);
      const { incarnation, version: expectedVersion } = copy;
      const next = await log.append(target, [says("next")], { incarnation, expectedVersion });
      equal(next.firstSeq, expectedVersion + 1, "the seq after the transfer");
      equal((await log.head(source))?.version, expectedVersion, "the version of the source");
    },
  },
  {
    id: "transfer/import-is-idempotent",
    area: "transfer",
    needs: ["transfer"],
    contract: "Importing a batch again, or one that overlaps what is there, adds only what is new.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      await fill(context);
      const [source, target] = [addressOf(context), archiveOf(context)];
      await log.seal(source);
      const batches = await exportAll(log, source, 5);
      for (const batch of batches) {
        await log.importEvents(target, batch);
        const head = present(await log.head(target), "the head");
        const again = await other.importEvents(target, batch);
        equal(
          [again.version, again.events, again.bytes],
          [head.version, head.events, head.bytes],
          "imported twice",
        );
      }
      for (const batch of await exportAll(log, source, 3)) await other.importEvents(target, batch);
      const expected = await eventsOf(log, source, { retracted: "include" });
      equal(await eventsOf(log, target, { retracted: "include" }), expected, "the events of the copy");
      equal((await log.head(target))?.events, expected.length, "how many the head counts");
    },
  },
  {
    id: "transfer/import-refuses-other-content",
    area: "transfer",
    needs: ["transfer"],
    contract: "An event whose seq is there with other content is a conflict `import` and changes nothing.",
    async run(context) {
      const [log] = transferLogs(context) ?? [];
      if (log === undefined) return;
      await log.append(addressOf(context), messages(4));
      const target = archiveOf(context);
      await copySession(log, addressOf(context), log, target);
      const before = await stateOf(log, target);
      const [batch] = await exportAll(log, addressOf(context));
      await refuses(
        log.importEvents(target, changed(present(batch, "a batch"))),
        "conflict",
        "other content",
        {
          conflict: "import",
        },
      );
      equal(await stateOf(log, target), before, "the copy after a refused import");
    },
  },
  {
    id: "transfer/import-refuses-other-incarnations",
    area: "transfer",
    needs: ["transfer"],
    contract: "Importing where another incarnation lives is a conflict `incarnation` and changes nothing.",
    async run(context) {
      const [log] = transferLogs(context) ?? [];
      if (log === undefined) return;
      await log.append(addressOf(context), messages(4));
      const target = archiveOf(context);
      await log.append(target, messages(2, "lives here"));
      const before = await stateOf(log, target);
      await refuses(copySession(log, addressOf(context), log, target), "conflict", "another incarnation", {
        conflict: "incarnation",
      });
      await log.seal(target);
      await refuses(
        copySession(log, addressOf(context), log, target),
        "conflict",
        "another sealed incarnation",
        {
          conflict: "incarnation",
        },
      );
      await log.unseal(target);
      const { events } = before as { readonly events: unknown };
      equal(await eventsOf(log, target), events, "the events of who lives there");
    },
  },
  {
    id: "transfer/import-refuses-gaps",
    area: "transfer",
    needs: ["transfer"],
    contract: "A batch that would leave a gap is `invalid-input` and changes nothing.",
    async run(context) {
      const [log] = transferLogs(context) ?? [];
      if (log === undefined) return;
      const [source, target] = [addressOf(context), archiveOf(context)];
      await log.append(source, messages(9));
      await log.seal(source);
      const [first, second, third] = await exportAll(log, source, 3);
      await refuses(
        log.importEvents(target, present(second, "a batch")),
        "invalid-input",
        "a first batch from 4",
      );
      equal(await log.head(target), undefined, "the target after a refused import");
      await log.importEvents(target, present(first, "a batch"));
      await refuses(
        log.importEvents(target, present(third, "a batch")),
        "invalid-input",
        "a batch from 7 after 3",
      );
      const hole = present(second, "a batch");
      const [four, , six] = hole.events;
      const holed = { ...hole, events: [present(four, "an event"), present(six, "an event")] };
      await refuses(log.importEvents(target, holed), "invalid-input", "a batch with a hole");
      equal(await seqsOf(log, target), [1, 2, 3], "seqs after refused imports");
      await log.importEvents(target, hole);
      await log.importEvents(target, present(third, "a batch"));
      equal((await seqsOf(log, target)).length, 9, "events after the whole import");
    },
  },
  {
    id: "transfer/operations-travel",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "Operations travel with a session, those without events and of trimmed or erased events too: a retry after a transfer replays.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const [source, target] = [addressOf(context), archiveOf(context)];
      const sends: readonly (readonly [string, readonly EventInput[]])[] = [
        ["trimmed", messages(2, "trimmed")],
        ["erased", messages(1, "erased")],
        ["plain", messages(3, "plain")],
        ["empty", []],
        ["last", messages(1, "last")],
        ["empty at the end", []],
      ];
      const results = new Map<string, AppendResult>();
      for (const [id, events] of sends) {
        results.set(id, await log.append(source, events, { operation: operationOf(id) }));
      }
      await trimAll(log, source, { beforeSeq: 3 });
      await log.erase(source, { seqs: [range(3)] });
      await copySession(log, source, other, target, 2);
      await other.unseal(target);
      for (const [id, events] of sends) {
        const retry = await log.append(target, events, { operation: operationOf(id) });
        isReplay(retry, present(results.get(id), "the first result"), `the retry of the operation ${id}`);
      }
      await refuses(
        log.append(target, [says("x")], { operation: operationOf("plain", "another request") }),
        "conflict",
        "another request under an operation that travelled",
        { conflict: "operation" },
      );
      equal(await seqsOf(log, target), [3, 4, 5, 6, 7], "seqs of the copy");
    },
  },
  {
    id: "transfer/trimmed-sessions-travel",
    area: "transfer",
    needs: ["transfer"],
    contract: "A trimmed session keeps firstSeq and version on its way, also when nothing is left of it.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      for (const [session, beforeSeq] of [
        ["partly", 4],
        ["wholly", 7],
      ] as const) {
        const source = addressOf(context, session);
        const target = { tenant: archiveOf(context).tenant, session };
        const { incarnation } = await log.append(source, messages(6));
        await trimAll(log, source, { beforeSeq });
        const copy = await copySession(log, source, other, target, 2);
        equal(
          [copy.incarnation, copy.firstSeq, copy.version, copy.events],
          [incarnation, beforeSeq, 6, 7 - beforeSeq],
          `the copy of a ${session} trimmed session`,
        );
        await other.unseal(target);
        equal((await log.append(target, [says("seven")], { incarnation })).firstSeq, 7, "the next seq");
      }
    },
  },
  {
    id: "transfer/archive-procedure",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "Seal, export, import, verify, unseal the copy, delete the source with its version: each step can be repeated after a crash, and a write that slipped in stops the delete.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const [source, target] = [addressOf(context), archiveOf(context)];
      await fill(context);
      const archive = async (steps: number): Promise<boolean> => {
        const head = await log.seal(source);
        if (steps === 1) return false;
        for (const batch of (await exportAll(log, source, 5)).slice(0, steps - 1)) {
          await other.importEvents(target, batch);
        }
        if (steps < 9) return false;
        equal(await eventsOf(other, target), await eventsOf(log, source), "verification");
        await other.unseal(target, { incarnation: head.incarnation });
        return log.delete(source, { expectedVersion: head.version, incarnation: head.incarnation });
      };
      for (const crashAfter of [1, 2, 3])
        equal(await archive(crashAfter), false, "an archiving that crashed");
      await log.unseal(source);
      await log.append(source, [says("slipped in")]);
      const version = present(await log.head(source), "the head").version;
      await refuses(
        log.delete(source, { expectedVersion: version - 1 }),
        "conflict",
        "a delete after a late write",
        {
          conflict: "version",
          version,
        },
      );
      const expected = await eventsOf(log, source);
      equal(await archive(9), true, "the archiving that went through");
      equal(await log.head(source), undefined, "the source");
      equal(await eventsOf(log, target), expected, "the archive");
      const retry = await log.append(target, messages(3), { operation: operationOf("send-3") });
      equal(retry.replayed, true, "the retry of an operation of the source");
    },
  },
];
