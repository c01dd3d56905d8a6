import type { EventInput } from "@relevo/core";
import { check, equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  messages,
  retracts,
  says,
  seqsOf,
  stateOf,
  textsOf,
  upTo,
} from "../../samples.ts";

/** What a store may have taken to set one thing apart from another. */
const controls = String.fromCharCode(...Array.from({ length: 31 }, (_, index) => index + 1), 127, 0x2028);

export const appendCases: readonly ConformanceCase[] = [
  {
    id: "log/append-assigns-contiguous-seq",
    area: "log",
    contract: "Appends give seq 1, 2, 3 … in the order of the calls, and report the first and the last.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const first = await log.append(address, messages(2, "a"));
      const second = await context.other.log.append(address, messages(3, "b"));
      equal([first.firstSeq, first.version, first.replayed], [1, 2, false], "the first append");
      equal([second.firstSeq, second.version, second.replayed], [3, 5, false], "the second append");
      equal(second.incarnation, first.incarnation, "the incarnation of the second append");
      const read = await log.read(address);
      equal(
        read.events.map(({ seq }) => seq),
        upTo(5),
        "seqs",
      );
      equal(
        [read.version, read.incarnation, read.revision],
        [5, first.incarnation, second.revision],
        "the read",
      );
      equal(
        await textsOf(log, address),
        ["a 1", "a 2", "b 1", "b 2", "b 3"],
        "texts in the order of the calls",
      );
    },
  },
  {
    id: "log/concurrent-appends-are-contiguous",
    area: "log",
    contract:
      "Appends that race through two handles are all kept, once each, in unbroken batches with seqs that have no gap.",
    async run(context) {
      const address = addressOf(context);
      const logs = [context.store.log, context.other.log];
      const results = await Promise.all(
        Array.from({ length: 24 }, async (_, index) => {
          const log = present(logs[index % 2], "a handle");
          return { index, result: await log.append(address, messages(3, `batch ${index} part`)) };
        }),
      );
      const texts = await textsOf(context.store.log, address);
      equal(await seqsOf(context.other.log, address), upTo(72), "seqs after 24 appends of 3");
      for (const { index, result } of results) {
        equal(
          texts.slice(result.firstSeq - 1, result.version),
          [1, 2, 3].map((part) => `batch ${index} part ${part}`),
          `what stands at the seqs that append ${index} reported`,
        );
      }
    },
  },
  {
    id: "log/append-is-all-or-nothing",
    area: "log",
    contract:
      "A batch with one event that is refused changes nothing, and no session comes into being for it.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const nameless = { type: "message", body: { role: "nobody", content: "x" } } as unknown as EventInput;
      const bad = [says("one"), nameless, says("three")];
      await refuses(log.append(address, bad), "invalid-input", "a batch with a bad event");
      equal(await log.head(address), undefined, "the head of a session that was never created");
      await log.append(address, [says("before")]);
      const before = await stateOf(log, address);
      await refuses(log.append(address, bad), "invalid-input", "a batch with a bad event");
      await refuses(
        log.append(address, [says("one"), retracts({ from: 1, to: 2 })]),
        "invalid-input",
        "a batch whose retraction reaches into itself",
      );
      equal(await stateOf(log, address), before, "the session after refused appends");
    },
  },
  {
    id: "log/append-keeps-every-field",
    area: "log",
    contract: "What was appended comes back exactly, with seq and the time of recording, and nothing else.",
    async run(context) {
      const address = addressOf(context);
      const events: readonly EventInput[] = [
        {
          type: "message",
          body: {
            role: "assistant",
            id: "m-1",
            agent: "writer",
            at: 5,
            metadata: { nested: { list: [1, null, "ñ 漢 😀", false, 0.1, 1e21] } },
            content: [
              { type: "text", text: 'line\nquote" back\\slash \u2028 \u0001' },
              { type: "tool-call", toolCallId: "c", toolName: "t", input: { constructor: 1, toString: [] } },
              { type: "reasoning", text: "", native: { signature: "s" } },
            ],
            native: { format: "x", item: [[], {}, ""] },
          },
          agent: "writer",
          at: 1_234_567_890_123,
          pinned: false,
          derivedFrom: [{ from: 1, to: 1 }],
          tokens: { counter: 7 },
          metadata: { key: "value" },
        },
        { type: "x-custom", body: null },
        { type: "x-custom", body: [0, -1.5, "text", { deep: { deeper: true } }] },
        { type: "x-Ünï:code*", body: "" },
        { type: "x-custom", body: { [controls]: [`,${controls}|`, `\n{"${controls}"}`] } },
      ];
      await context.store.log.append(address, events);
      const stored = await eventsOf(context.other.log, address);
      for (const [index, event] of stored.entries()) {
        const { seq, recordedAt, ...rest } = event;
        equal(rest, events[index], `event ${index + 1} as it was read`);
        equal(seq, index + 1, "its seq");
        check(Number.isSafeInteger(recordedAt), `recordedAt is ${recordedAt}`);
      }
      equal(stored.length, events.length, "how many came back");
    },
  },
  {
    id: "log/system-messages-are-pinned",
    area: "log",
    contract: "System messages are pinned without asking, unless `pinned: false` says otherwise.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, [
        { type: "message", body: { role: "system", content: "rules" } },
        { type: "message", body: { role: "system", content: "passing remark" }, pinned: false },
        says("pin me", { pinned: true }),
        says("plain"),
      ]);
      equal(await seqsOf(log, address, { pinned: true }), [1, 3], "pinned events");
      equal(await seqsOf(log, address, { pinned: false }), [2, 4], "events that are not pinned");
    },
  },
  {
    id: "log/append-needs-something-to-write",
    area: "log",
    contract: "An append without events and without an operation is refused and creates nothing.",
    async run(context) {
      const address = addressOf(context);
      await refuses(context.store.log.append(address, []), "invalid-input", "an append of nothing");
      equal(await context.store.log.head(address), undefined, "the head after an append of nothing");
    },
  },
  {
    id: "log/order-ignores-clocks",
    area: "log",
    needs: ["rewind"],
    contract:
      "Order is by seq alone: clocks that stand still or go back, and the callers' own times, change nothing.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const texts = ["zz", "aa", "mm", "bb"];
      await log.append(address, [says("zz", { at: 900 })]);
      await context.rewind?.(0);
      await log.append(address, [says("aa", { at: 100 })]);
      await context.rewind?.(5_000);
      await context.other.log.append(address, [says("mm", { at: 500 })]);
      await context.rewind?.(60_000);
      await log.append(address, [says("bb", { at: 1 })]);
      equal(await seqsOf(log, address), upTo(4), "seqs under a clock that goes back");
      equal(await textsOf(log, address), texts, "texts read forward");
      equal(
        await textsOf(context.other.log, address, { direction: "backward" }),
        texts.toReversed(),
        "texts read backward",
      );
    },
  },
];
