import { equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  isReplay,
  messages,
  operationOf,
  says,
  seqsOf,
  stateOf,
  textsOf,
  upTo,
} from "../../samples.ts";

export const operationCases: readonly ConformanceCase[] = [
  {
    id: "log/operation-replays",
    area: "log",
    contract:
      "A retry of the same operation changes nothing and answers with the first result, through either handle.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const operation = operationOf("send-1");
      const first = await log.append(address, messages(2), { operation });
      await log.append(address, [says("later")]);
      const before = await stateOf(log, address);
      const retry = await log.append(address, messages(2), { operation });
      isReplay(retry, first, "the retry");
      const elsewhere = await context.other.log.append(address, messages(2), { operation });
      isReplay(elsewhere, first, "the retry through the other handle");
      equal(await stateOf(log, address), before, "the session after retries");
    },
  },
  {
    id: "log/operation-id-names-one-request",
    area: "log",
    contract: "The same operation id with another fingerprint is a conflict and changes nothing.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, [says("one")], { operation: operationOf("send-1", "one") });
      const before = await stateOf(log, address);
      await refuses(
        context.other.log.append(address, [says("two")], { operation: operationOf("send-1", "two") }),
        "conflict",
        "an operation id used for another request",
        { conflict: "operation" },
      );
      equal(await stateOf(log, address), before, "the session after the conflict");
      await log.append(address, [says("two")], { operation: operationOf("send-2", "two") });
      equal(await textsOf(log, address), ["one", "two"], "the log after a new operation");
    },
  },
  {
    id: "log/operation-comes-before-version",
    area: "log",
    contract: "A retry replays although its expected version is stale by now.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const options = { operation: operationOf("send-1"), expectedVersion: 0 };
      const first = await log.append(address, [says("one")], options);
      await log.append(address, [says("two")]);
      const retry = await log.append(address, [says("one")], options);
      isReplay(retry, first, "the retry with a stale expected version");
      equal(await seqsOf(log, address), [1, 2], "seqs");
    },
  },
  {
    id: "log/operation-comes-before-fence",
    area: "log",
    needs: ["leases"],
    contract: "A retry replays although another holder has the lease by now.",
    async run(context) {
      const { log, leases } = context.store;
      if (leases === undefined) return;
      const address = addressOf(context);
      const lease = await leases.acquire(address, { ttlMs: 60_000 });
      const options = { operation: operationOf("send-1"), fence: lease.fence };
      const first = await log.append(address, [says("one")], options);
      await lease.release();
      await leases.acquire(address, { ttlMs: 60_000 });
      const retry = await log.append(address, [says("one")], options);
      isReplay(retry, first, "the retry with an old fence");
    },
  },
  {
    id: "log/operation-can-be-looked-up",
    area: "log",
    contract:
      "`operation()` tells what is recorded of an operation, and nothing of one that was refused or never sent.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      equal(await log.operation(address, "send-1"), undefined, "an operation of a missing session");
      const operation = operationOf("send-1");
      const appended = await log.append(address, messages(2), { operation });
      const { replayed, token: _, recordedAt: __, ...result } = appended;
      equal(replayed, false, "replayed of the first call");
      await log.append(address, [says("later")]);
      equal(await context.other.log.operation(address, "send-1"), { ...operation, result }, "the record");
      await refuses(
        log.append(address, [says("x")], { operation: operationOf("send-2"), expectedVersion: 1 }),
        "conflict",
        "a stale append",
      );
      equal(await log.operation(address, "send-2"), undefined, "a refused operation");
      equal(await log.operation(address, "send-1 "), undefined, "an operation that was never sent");
      equal(
        await log.operation(addressOf(context, "other"), "send-1"),
        undefined,
        "the id in another session",
      );
    },
  },
  {
    id: "log/operation-races-are-applied-once",
    area: "log",
    contract:
      "Concurrent sends of one operation through both handles write once; all but one say that they replayed.",
    async run(context) {
      const address = addressOf(context);
      const logs = [context.store.log, context.other.log];
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          present(logs[index % 2], "a handle").append(address, messages(2), {
            operation: operationOf("send-1"),
          }),
        ),
      );
      equal(await seqsOf(context.store.log, address), [1, 2], "seqs after 12 sends of one operation");
      equal(results.filter(({ replayed }) => !replayed).length, 1, "sends that wrote");
      const firstResults = new Set(results.map(({ firstSeq, version }) => `${firstSeq}-${version}`));
      equal([...firstResults], ["1-2"], "the results of all sends");
    },
  },
  {
    id: "log/empty-append-records-its-operation",
    area: "log",
    contract:
      "An append without events records its operation: it creates the session when there is none, moves no version, and replays.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const created = await log.append(address, [], { operation: operationOf("empty-1") });
      equal(
        [created.firstSeq, created.version, created.replayed],
        [1, 0, false],
        "an empty append that creates",
      );
      const head = present(await log.head(address), "the head");
      equal(
        [head.version, head.events, head.firstSeq, head.bytes],
        [0, 0, 1, 0],
        "the head of an empty session",
      );
      await log.append(address, messages(3), { incarnation: created.incarnation });
      const second = await context.other.log.append(address, [], { operation: operationOf("empty-2") });
      equal([second.firstSeq, second.version], [4, 3], "an empty append after three events");
      await log.append(address, [says("four")]);
      const retry = await log.append(address, [], { operation: operationOf("empty-2") });
      isReplay(retry, second, "its retry");
      await refuses(
        log.append(address, [says("x")], { operation: operationOf("empty-1", "other request") }),
        "conflict",
        "its id for another request",
        { conflict: "operation" },
      );
      equal(await seqsOf(log, address), upTo(4), "seqs");
    },
  },
];
