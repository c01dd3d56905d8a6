import { SpanStatusCode } from "@opentelemetry/api";
import { type EventLog, isEvent, MemoryError } from "@relevo/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { traceHandoffs, traceStore } from "../../src/telemetry/index.ts";
import { type Bench, bench, bound, work } from "../support.ts";
import { collectTraces, type Traces } from "./traces.ts";

let traces: Traces;
beforeEach(() => {
  traces = collectTraces();
});
afterEach(() => traces[Symbol.dispose]());

/** Which calls of the log fail now. */
interface Outage {
  reads: boolean;
  appends: boolean;
}

interface Seen {
  /** What the caller gets. */
  readonly result: unknown;
  readonly log: readonly string[];
  /** What `onError` is told. */
  readonly problems: readonly string[];
  readonly callbacks: readonly string[];
  /** The span of the handoff: `relevo.handoff.status`, status of the span, `error.type`, and whether it is recorded. */
  readonly span: string;
  /** The failed spans of the store. */
  readonly failed: readonly string[];
}

/** Runs one handoff; `before` and `during` break and mend the store. */
async function handOver(
  onMemoryFailure: "fail" | "degrade",
  before: Partial<Outage>,
  during: (outage: Outage, on: Bench) => Promise<unknown> | undefined,
): Promise<Seen> {
  const outage: Outage = { reads: false, appends: false };
  const callbacks: string[] = [];
  const noted =
    (phase: string) =>
    ({ record, recorded }: { record: { status: string }; recorded: boolean }) =>
      callbacks.push(`${phase} ${record.status}${recorded ? "" : " unrecorded"}`);
  const down = (): Promise<never> => Promise.reject(new MemoryError("unavailable", "The store is down."));
  const on = bench(
    {
      onMemoryFailure,
      observer: traceHandoffs(),
      onHandoff: { started: noted("started"), ended: noted("ended") },
    },
    (log) =>
      traceStore(
        {
          log: {
            ...bound(log),
            read: (...call) => (outage.reads ? down() : log.read(...call)),
            append: (...call) => (outage.appends ? down() : log.append(...call)),
          },
        },
        { inProcess: true },
      ).log,
  );
  await on.say("hello");
  Object.assign(outage, before);
  const answer = on.handoffs.run({ ...work, session: on.session }, async ({ messages, degraded }) => {
    await during(outage, on);
    return `${messages.length} messages${degraded ? ", degraded" : ""}`;
  });
  const result = await answer.catch((error: MemoryError) => `${error.constructor.name} ${error.code}`);
  Object.assign(outage, { reads: false, appends: false });
  const { events } = await on.log.read(on.session, { limit: 1000 });
  const all = traces.spans();
  const spans = all.filter(({ name }) => name === "relevo.handoff");
  expect(spans).toHaveLength(1);
  const [{ attributes = {}, status = { code: SpanStatusCode.UNSET } } = {}] = spans;
  // Every span of the handoff is in the conversation, failed ones too.
  expect(new Set(all.map((span) => span.attributes["gen_ai.conversation.id"]))).toEqual(new Set(["lead-7"]));
  return {
    result,
    log: events.flatMap((event) => (isEvent(event, "handoff") ? [event.body.status] : [])),
    problems: on.problems.map(({ problem }) => problem.phase),
    callbacks,
    span: [
      attributes["relevo.handoff.status"],
      SpanStatusCode[status.code],
      attributes["error.type"],
      attributes["relevo.handoff.unrecorded"] === true ? "unrecorded" : undefined,
    ]
      .filter((part) => part !== undefined)
      .join(" "),
    failed: all
      .filter((span) => span !== spans[0] && span.status.code === SpanStatusCode.ERROR)
      .map(({ name, attributes: { "error.type": type } }) => `${name} ${String(type)}`),
  };
}

const mend = async (outage: Outage): Promise<void> => {
  Object.assign(outage, { reads: false, appends: false });
};
const breakDown = async (outage: Outage): Promise<void> => {
  Object.assign(outage, { reads: true, appends: true });
};
const threeAppends = Array.from({ length: 3 }, () => "create_memory unavailable");

const whenItCannotBeRead: Partial<Outage> = { reads: true };
const whenItTakesNothing: Partial<Outage> = { appends: true };

it.each<[string, "fail" | "degrade", Partial<Outage>, typeof mend, Seen]>([
  [
    "before: the session cannot be read",
    "fail",
    whenItCannotBeRead,
    mend,
    {
      result: "MemoryError unavailable",
      log: [],
      problems: [],
      callbacks: ["ended failed unrecorded"],
      span: "failed ERROR unavailable unrecorded",
      failed: ["search_memory unavailable"],
    },
  ],
  [
    "before: the session cannot be read",
    "degrade",
    whenItCannotBeRead,
    mend,
    {
      result: "0 messages, degraded",
      log: ["started", "degraded"],
      problems: ["read"],
      callbacks: ["started started", "ended degraded"],
      span: "degraded UNSET",
      failed: ["search_memory unavailable"],
    },
  ],
  [
    "before: the start cannot be recorded",
    "fail",
    whenItTakesNothing,
    mend,
    {
      result: "MemoryError unavailable",
      log: [],
      problems: [],
      callbacks: ["ended failed unrecorded"],
      span: "failed ERROR unavailable unrecorded",
      failed: threeAppends,
    },
  ],
  [
    "before: the start cannot be recorded",
    "degrade",
    whenItTakesNothing,
    mend,
    {
      result: "1 messages, degraded",
      log: ["degraded"],
      problems: ["start"],
      callbacks: ["started started unrecorded", "ended degraded"],
      span: "degraded UNSET",
      failed: threeAppends,
    },
  ],
  [
    "after: the end cannot be recorded",
    "fail",
    {},
    breakDown,
    {
      result: "HandoffNotRecorded unavailable",
      log: ["started"],
      problems: [],
      callbacks: ["started started", "ended completed unrecorded"],
      span: "completed ERROR unavailable unrecorded",
      failed: threeAppends,
    },
  ],
  [
    "after: the end cannot be recorded",
    "degrade",
    {},
    breakDown,
    {
      result: "1 messages",
      log: ["started"],
      problems: ["end"],
      callbacks: ["started started", "ended completed unrecorded"],
      span: "completed ERROR unavailable unrecorded",
      failed: threeAppends,
    },
  ],
  [
    "from before to after",
    "degrade",
    { reads: true, appends: true },
    async () => undefined,
    {
      result: "0 messages, degraded",
      log: [],
      problems: ["read", "start", "end"],
      callbacks: ["started started unrecorded", "ended degraded unrecorded"],
      span: "degraded ERROR unavailable unrecorded",
      failed: ["search_memory unavailable", ...threeAppends, ...threeAppends],
    },
  ],
])("leaves nothing silent when memory is down %s, under %s", async (_, mode, before, during, expected) => {
  expect(await handOver(mode, before, during)).toEqual(expected);
});

it.each(["fail", "degrade"] as const)(
  "shows what a receiver could not write during the handoff, inside its span, under %s",
  async (onMemoryFailure) => {
    const on = bench({ onMemoryFailure, observer: traceHandoffs() });
    const down: EventLog = {
      ...bound(on.log),
      append: () => Promise.reject(new MemoryError("unavailable", "The store is down.")),
    };
    const { log } = traceStore({ log: down }, { inProcess: true });
    const failing = on.handoffs.run({ ...work, session: on.session }, () =>
      log.append(on.session, [{ type: "message", body: { role: "assistant", content: "Noted." } }]),
    );
    await expect(failing).rejects.toMatchObject({ code: "unavailable" });
    expect((await on.records()).map(({ status, error }) => [status, error?.code])).toEqual([
      ["started", undefined],
      ["failed", "unavailable"],
    ]);
    const [handoff, write] = traces.spans();
    expect(handoff?.attributes).toMatchObject({
      "relevo.handoff.status": "failed",
      "error.type": "unavailable",
    });
    expect(handoff?.attributes).not.toHaveProperty("relevo.handoff.unrecorded");
    expect([write?.name, write?.attributes["error.type"]]).toEqual(["create_memory", "unavailable"]);
    expect(write?.parentSpanContext?.spanId).toBe(handoff?.spanContext().spanId);
  },
);
