import { MemoryError, type SessionAddress } from "@relevo/core";
import { check, equal, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, letExpire, messages, operationOf, range, says, stateOf, textsOf } from "../../samples.ts";

/** An incarnation that has ended stays ended, whoever writes. */
async function expectEnded(
  context: CaseContext,
  address: SessionAddress,
  incarnation: string,
): Promise<void> {
  const { log } = context.store;
  await refuses(log.append(address, [says("late")], { incarnation }), "history-lost", "a late append");
  equal(await log.head(address), undefined, "the head after a late append");
  const anew = await context.other.log.append(address, [says("anew")]);
  equal([anew.firstSeq, anew.version], [1, 1], "the append that starts anew");
  check(anew.incarnation !== incarnation, "the session started anew under the incarnation that had ended");
  const before = await stateOf(log, address);
  await refuses(log.append(address, [says("late")], { incarnation }), "history-lost", "a late append");
  await refuses(log.touch(address, { incarnation, ttlMs: 5 }), "history-lost", "a late touch");
  await refuses(log.erase(address, { incarnation, seqs: [range(1)] }), "history-lost", "a late erase");
  equal(await log.delete(address, { incarnation }), false, "a late delete");
  equal(await stateOf(log, address), before, "the new incarnation after late calls");
  await log.append(address, [says("more")], { incarnation: anew.incarnation });
  equal(await textsOf(log, address), ["anew", "more"], "the texts of the new incarnation");
}

export const incarnationCases: readonly ConformanceCase[] = [
  {
    id: "log/deleted-incarnation-never-returns",
    area: "log",
    contract:
      "After a delete, writes that name the incarnation are `history-lost`; one that names none starts anew at seq 1 under another incarnation.",
    async run(context) {
      const address = addressOf(context);
      const { incarnation } = await context.store.log.append(address, messages(3));
      equal(await context.other.log.delete(address), true, "the delete");
      await expectEnded(context, address, incarnation);
    },
  },
  {
    id: "log/expired-incarnation-never-returns",
    area: "log",
    contract:
      "After expiry, writes that name the incarnation are `history-lost`; one that names none starts anew at seq 1 under another incarnation.",
    async run(context) {
      const address = addressOf(context);
      const { incarnation } = await context.store.log.append(address, messages(3));
      await letExpire(context, address);
      await expectEnded(context, address, incarnation);
    },
  },
  {
    id: "log/unknown-incarnation-is-history-lost",
    area: "log",
    contract: "Naming an incarnation of a session that is not there is `history-lost` and creates nothing.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const incarnation = "018bcfe5-6800-7000-8000-000000000000";
      await refuses(log.append(address, [says("x")], { incarnation }), "history-lost", "an append");
      await refuses(log.touch(address, { incarnation }), "history-lost", "a touch");
      await refuses(log.erase(address, { incarnation, seqs: [range(1)] }), "history-lost", "an erase");
      equal(await log.head(address), undefined, "the head afterwards");
    },
  },
  {
    id: "log/operation-of-an-ended-incarnation-is-history-lost",
    area: "log",
    contract:
      "The retry of an operation of an ended incarnation is `history-lost`, also when it names none and a new incarnation lives.",
    async run(context) {
      const { log } = context.store;
      for (const end of ["delete", "expire"] as const) {
        const address = addressOf(context, end);
        const operation = operationOf("first-send");
        await log.append(address, messages(1, "old"), { operation });
        if (end === "delete") await log.delete(address);
        else await letExpire(context, address);
        const retry = (): Promise<unknown> =>
          context.other.log.append(address, messages(1, "old"), { operation });
        await refuses(retry, "history-lost", `a retry after ${end}`);
        equal(await log.head(address), undefined, `the head after ${end} and a retry`);
        await log.append(address, [says("anew")]);
        await refuses(retry, "history-lost", `a retry after ${end} and a new start`);
        equal(await textsOf(log, address), ["anew"], `texts after ${end}, a new start and a retry`);
        equal(await log.operation(address, "first-send"), undefined, "the operation in the new incarnation");
      }
    },
  },
  {
    id: "log/lost-data-is-history-lost",
    area: "log",
    needs: ["loseSession"],
    contract:
      "After the store lost a session's data, writes that name its incarnation are `history-lost`, and nothing continues it in silence.",
    async run(context) {
      if (context.loseSession === undefined) return;
      const { log } = context.store;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(3), { operation: operationOf("send-1") });
      await context.loseSession(address.tenant, address.session);
      for (const one of [log, context.other.log]) {
        await refuses(one.append(address, [says("late")], { incarnation }), "history-lost", "an append");
        await refuses(one.touch(address, { incarnation }), "history-lost", "a touch");
      }
      const unnamed = await log.append(address, [says("unnamed")]).catch((error: unknown) => {
        check(MemoryError.isInstance(error, "history-lost"), `an unnamed append failed with ${error}`);
        return undefined;
      });
      check(
        unnamed === undefined || (unnamed.incarnation !== incarnation && unnamed.firstSeq === 1),
        "an append that named no incarnation continued the history that was lost",
      );
      await log.delete(address);
      const anew = await log.append(address, [says("anew")]);
      check(
        anew.incarnation !== incarnation && anew.firstSeq === 1,
        "a session deleted after a loss starts anew",
      );
      equal(await textsOf(log, address), ["anew"], "texts after the new start");
    },
  },
  {
    id: "log/init-applies-at-creation",
    area: "log",
    contract:
      "Subject and metadata of `init` are taken when the append creates the session, and ignored later.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, [says("one")], { init: { subject: "user-7", metadata: { topic: ["a"] } } });
      await log.append(address, [says("two")], { init: { subject: "user-8", metadata: { topic: "b" } } });
      const head = present(await context.other.log.head(address), "the head");
      equal([head.subject, head.metadata], ["user-7", { topic: ["a"] }], "subject and metadata");
      const bare = addressOf(context, "bare");
      await log.append(bare, [says("one")]);
      const bareHead = present(await log.head(bare), "the head");
      equal(
        ["subject" in bareHead, bareHead.metadata],
        [false, {}],
        "subject and metadata of a bare session",
      );
    },
  },
];
