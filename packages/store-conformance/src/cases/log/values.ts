import { type EventInput, MemoryError } from "@relevo/core";
import { check, equal, present, refuses, vandalize } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, eventsOf, messages, operationOf, says, stateOf } from "../../samples.ts";

export const valueCases: readonly ConformanceCase[] = [
  {
    id: "log/inputs-are-not-aliased",
    area: "log",
    contract:
      "What a caller changes after a call changes nothing stored, and the call changes nothing of the caller's.",
    async run(context) {
      const { log } = context.store;
      const address = { ...addressOf(context) };
      const nested = { list: [1, 2], deep: { text: "original" } };
      const event = {
        type: "message" as const,
        body: { role: "user" as const, content: "original", metadata: nested },
        metadata: { tags: ["original"] },
        derivedFrom: [{ from: 1, to: 1 }],
      };
      const init = { subject: "user-7", metadata: { topic: ["original"] } };
      const operation = { ...operationOf("send-1") };
      const events: EventInput[] = [event];
      const inputs = { events, init, operation };
      const copy = structuredClone(inputs);
      const pending = log.append(address, events, { init, operation });
      await pending;
      equal(inputs, copy, "the caller's own objects after the append");
      const before = await stateOf(log, address);
      const record = await log.operation(address, "send-1");
      vandalize(inputs);
      events.push(says("smuggled"));
      equal(await stateOf(log, address), before, "the session after the caller changed its objects");
      equal(await log.operation(address, "send-1"), record, "the operation after that");
      const metadata = { topic: ["touched"] };
      await log.touch(address, { metadata });
      metadata.topic.push("smuggled");
      equal((await log.head(address))?.metadata, { topic: ["touched"] }, "metadata of a touch");
    },
  },
  {
    id: "log/outputs-are-not-aliased",
    area: "log",
    contract: "What a caller does to a result changes nothing stored and nothing that others are given.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const result = await log.append(
        address,
        [
          says("one", { metadata: { nested: { list: [1, 2] } } }),
          { type: "x-note", body: { list: [{ a: 1 }] } },
        ],
        { init: { metadata: { topic: { deep: [1] } } }, operation: operationOf("send-1") },
      );
      const before = JSON.stringify(await stateOf(context.other.log, address));
      const operation = JSON.stringify(await log.operation(address, "send-1"));
      vandalize(result);
      for (const one of [log, context.other.log]) {
        vandalize(await one.read(address));
        vandalize(await one.head(address));
        vandalize(await one.list(context.tenant));
        vandalize(await one.operation(address, "send-1"));
      }
      equal(JSON.stringify(await stateOf(log, address)), before, "the session after results were changed");
      equal(JSON.stringify(await log.operation(address, "send-1")), operation, "the operation after that");
      vandalize(await log.touch(address));
      vandalize(await log.trim(address, { beforeSeq: 1 }));
      vandalize(await log.erase(address, { seqs: [{ from: 2, to: 2 }] }));
      const [first] = await eventsOf(log, address);
      equal(first?.metadata, { nested: { list: [1, 2] } }, "metadata of the first event");
      equal((await log.head(address))?.metadata, { topic: { deep: [1] } }, "metadata of the session");
    },
  },
  {
    id: "log/large-event-at-the-limit",
    area: "log",
    contract:
      "An event of exactly `limits.valueBytes` is stored and read whole; one byte more is `too-large`.",
    async run(context) {
      const { log, limits } = context.store;
      const address = addressOf(context);
      const empty = Buffer.byteLength(JSON.stringify(says("")));
      // Multi-byte characters: a limit counted in UTF-16 units would be three times too generous.
      const room = limits.valueBytes - empty;
      const text = "漢".repeat(Math.trunc(room / 3)) + "x".repeat(room % 3);
      await log.append(address, [says(text)]);
      const [event] = await eventsOf(context.other.log, address);
      check(
        event?.type === "message" && event.erasedAt === undefined && event.body.content === text,
        "an event at the limit came back changed",
      );
      equal((await log.head(address))?.bytes, limits.valueBytes, "the bytes of an event at the limit");
      await refuses(
        log.append(address, [says(`${text}x`)]),
        "too-large",
        "an event one byte beyond the limit",
        {
          limit: "valueBytes",
          maximum: limits.valueBytes,
        },
      );
      equal((await log.head(address))?.version, 1, "the version after a refused event");
    },
  },
  {
    id: "log/batch-at-the-limit",
    area: "log",
    contract: "A batch of exactly `limits.batchItems` events is appended whole; one more is `too-large`.",
    async run(context) {
      const { log, limits } = context.store;
      const address = addressOf(context);
      await refuses(log.append(address, messages(limits.batchItems + 1)), "too-large", "a batch too many", {
        limit: "batchItems",
        maximum: limits.batchItems,
      });
      equal(await log.head(address), undefined, "the head after a refused batch");
      const { version } = await log.append(address, messages(limits.batchItems));
      equal(version, limits.batchItems, "the version after the largest batch");
      const last = present(
        (await eventsOf(log, address, { direction: "backward", limit: 1 }))[0],
        "the last event",
      );
      equal(last.seq, limits.batchItems, "the last seq");
    },
  },
  {
    id: "log/errors-keep-secrets",
    area: "log",
    contract:
      "A refusal names what was wrong by code and field, and never shows the content that was stored or sent.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const secret = "Zugspitze-4711";
      await log.append(address, [says(secret)], { operation: operationOf("send-1", secret) });
      const refusals: readonly (readonly [string, () => Promise<unknown>])[] = [
        ["a stale version", () => log.append(address, [says(secret)], { expectedVersion: 7 })],
        [
          "a used operation",
          () => log.append(address, [says("x")], { operation: operationOf("send-1", "x") }),
        ],
        ["a gone incarnation", () => log.append(address, [says(secret)], { incarnation: "gone" })],
        ["a bad role", () => log.append(address, [badRole(secret)])],
        ["a bad read", () => log.read(address, { limit: 0 })],
      ];
      for (const [what, call] of refusals) {
        const error: unknown = await call().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        check(MemoryError.isInstance(error), `${what} was not refused with a MemoryError, but: ${error}`);
        equal(error.retryable, false, `retryable of ${what}`);
        const shown = `${error.message} ${JSON.stringify(error.details)}`;
        check(!shown.includes(secret), `the error of ${what} shows content: ${shown}`);
      }
    },
  },
];

function badRole(text: string): EventInput {
  return { type: "message", body: { role: "nobody", content: text } } as unknown as EventInput;
}
