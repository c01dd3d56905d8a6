import { transferLogs } from "../../capabilities.ts";
import { check, equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
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
} from "../../samples.ts";

const another = "018bcfe5-6800-7000-8000-000000000000";

export const sealCases: readonly ConformanceCase[] = [
  {
    id: "transfer/seal-refuses-writes",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "A sealed session refuses append, retraction, touch, trim and documents with conflict `sealed` and changes nothing; it is read and replays as before.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const address = addressOf(context);
      const operation = operationOf("send-1");
      const first = await log.append(address, messages(3), { operation });
      const sealed = await log.seal(address);
      equal(
        [sealed.sealed, sealed.version, sealed.incarnation],
        [true, 3, first.incarnation],
        "the sealed head",
      );
      check(sealed.revision > first.revision, "the revision did not grow with the seal");
      const before = await stateOf(other, address);
      const document = { ...address, namespace: ["notes"], key: "k" };
      const writes: readonly (readonly [string, () => Promise<unknown>])[] = [
        ["an append", () => other.append(address, [says("late")])],
        ["a named append", () => log.append(address, [says("late")], { incarnation: first.incarnation })],
        ["an operation", () => log.append(address, [], { operation: operationOf("send-2") })],
        ["a retraction", () => log.append(address, [retracts(range(1))])],
        ["a touch", () => other.touch(address, { metadata: { late: true } })],
        ["a trim", () => log.trim(address, { beforeSeq: 2 })],
        ["a put", () => context.other.documents.put(document, { value: 1 })],
      ];
      for (const [what, write] of writes) await refuses(write, "conflict", what, { conflict: "sealed" });
      equal(await stateOf(log, address), before, "the session after refused writes");
      equal(await seqsOf(other, address), [1, 2, 3], "seqs");
      const retry = await other.append(address, messages(3), { operation });
      isReplay(retry, first, "a retry while sealed");
      equal((await log.seal(address)).sealed, true, "a second seal");
    },
  },
  {
    id: "transfer/seal-allows-erase-and-delete",
    area: "transfer",
    needs: ["transfer"],
    contract: "A sealed session can be erased from and deleted.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const address = addressOf(context);
      await log.append(address, messages(3));
      await log.seal(address);
      equal((await other.erase(address, { seqs: [range(2)] })).erased, [2], "an erase while sealed");
      equal((await eventsOf(log, address))[1]?.body, undefined, "the body of the erased event");
      equal((await log.head(address))?.sealed, true, "sealed after the erase");
      equal(await other.delete(address, { expectedVersion: 3 }), true, "a delete while sealed");
      equal(await log.head(address), undefined, "the head after the delete");
      await log.append(address, [says("anew")]);
      equal((await log.head(address))?.sealed, undefined, "sealed of the session that came after");
    },
  },
  {
    id: "transfer/unseal-allows-writes",
    area: "transfer",
    needs: ["transfer"],
    contract: "An unsealed session takes writes again where it was; unsealing twice is no error.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(2));
      await log.seal(address);
      const head = await other.unseal(address, { incarnation });
      equal(["sealed" in head, head.version, head.incarnation], [false, 2, incarnation], "the unsealed head");
      const { token } = head;
      equal(await log.unseal(address), { ...head, previousToken: token }, "a second unseal");
      const { firstSeq } = await log.append(address, [says("three")], { incarnation, expectedVersion: 2 });
      equal(firstSeq, 3, "the next seq");
    },
  },
  {
    id: "transfer/seal-is-guarded",
    area: "transfer",
    needs: ["transfer"],
    contract:
      "Sealing or unsealing a missing session is `not-found`, a stale expected version a conflict, a gone incarnation `history-lost`; nothing changes.",
    async run(context) {
      const [log] = transferLogs(context) ?? [];
      if (log === undefined) return;
      const address = addressOf(context);
      await refuses(log.seal(address), "not-found", "a seal of a missing session");
      await refuses(log.unseal(address), "not-found", "an unseal of a missing session");
      equal(await log.exportEvents(address), undefined, "an export of a missing session");
      await log.append(address, messages(2));
      await refuses(log.seal(address, { expectedVersion: 1 }), "conflict", "a stale seal", {
        conflict: "version",
        version: 2,
      });
      equal(present(await log.head(address), "the head").sealed, undefined, "sealed after a stale seal");
      await log.seal(address, { expectedVersion: 2 });
      await refuses(
        log.unseal(address, { incarnation: another }),
        "history-lost",
        "an unseal of another incarnation",
      );
      equal((await log.head(address))?.sealed, true, "sealed after an unseal that was refused");
    },
  },
];
