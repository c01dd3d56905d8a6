import {
  type EventInput,
  MemoryError,
  type Message,
  type Provider,
  type SessionAddress,
  type Store,
  type Summarizer,
  type ViewStrategy,
} from "@relevo/core";
import { providers, validateForProvider } from "@relevo/messages";
import { conversation } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { tokenBudget, window } from "@relevo/truncation";
import fc from "fast-check";
import type { ContextFunction, ContextPolicy } from "../src/context/context-policy.ts";
import { full, last, none, view } from "../src/context/policies.ts";
import { summary } from "../src/context/summary.ts";
import { createHandoffs } from "../src/create-handoffs.ts";
import type { HandoffInput } from "../src/handoff-types.ts";
import type { Handoffs } from "../src/handoffs.ts";

/** Shows what it reads as it is: a strategy that knows nothing of providers. */
const raw: ViewStrategy = {
  name: "raw",
  async view(source) {
    const events = await source.readBackward({ limit: 1000 });
    const shown = events.flatMap(({ seq, type, body }) =>
      type === "message" && body !== undefined ? [{ seq, message: body }] : [],
    );
    shown.reverse();
    return {
      messages: shown.map(({ message }) => message),
      seqs: shown.map(({ seq }) => seq),
      version: source.version,
      removalRevision: source.removalRevision,
      compacted: false,
      dropped: [],
      summarized: [],
    };
  },
};

const half: ContextFunction = ({ messages }) => messages.filter((_, index) => index % 2 === 0);
const backwards: ContextFunction = ({ messages }) => messages.toReversed();
const twice: ContextFunction = ({ messages }) => [...messages.slice(-3), ...messages];
const brief: ContextFunction = ({ messages, to }) => [
  ...messages.slice(2),
  { role: "system", content: `You are ${to}.` },
  { role: "assistant", content: [{ type: "tool-call", toolCallId: "a", toolName: "made up", input: 1 }] },
];
const odd: ContextFunction = ({ entries }) => ({
  seqs: entries.filter(({ seq }) => seq % 3 !== 0).map(({ seq }) => seq),
});

type Policy = ContextPolicy | ContextFunction;

const telegraph: Summarizer = {
  name: "telegraph",
  summarize: async ({ messages }) => messages.map(({ role }) => role).join(" "),
};
const broken: Summarizer = { name: "broken", summarize: () => Promise.reject(new Error("no model")) };
const retold: ContextFunction = ({ messages, entries }) => ({
  messages: [{ role: "user", content: `Of ${messages.length}` }, ...messages.slice(-2)],
  summarized: entries.slice(0, -2).map(({ seq }) => ({ from: seq, to: seq })),
});

/** Every policy there is, by name. */
export const policies: Readonly<Record<string, Policy>> = {
  full: full(),
  "last(1)": last(1),
  "last(2)": last(2),
  "last(5)": last(5),
  none: none(),
  "view of a window": view(window({ messages: 4, low: 2 })),
  "view of a budget": view(tokenBudget({ maxTokens: 2000 })),
  "view of a foreign strategy": view(raw),
  summary: summary(telegraph),
  "summary with the newest": summary(telegraph, { keep: 3 }),
  "summary that fails": summary(broken, { keep: 1 }),
  half,
  backwards,
  retold,
  twice,
  brief,
  odd,
};

export interface Story {
  readonly before: readonly Message[];
  /** What is said while the receiver runs, before it hands over itself. */
  readonly inside: readonly Message[];
  readonly policy: string;
  readonly inner: string;
  /** The handoff answers a call that is appended for it. */
  readonly answers: boolean;
  readonly retracts: boolean;
  /** Whom the outer handoffs are for; all of them when undefined. */
  readonly provider: Provider | undefined;
}

/** What a receiver saw, and whom it was for. */
interface Seen {
  readonly input: Pick<HandoffInput, "handoffId" | "to" | "messages">;
  readonly provider: Provider | undefined;
}

const policyName = fc.constantFrom(...Object.keys(policies));

export const story: fc.Arbitrary<Story> = fc.record({
  before: conversation,
  inside: conversation,
  policy: policyName,
  inner: policyName,
  answers: fc.boolean(),
  retracts: fc.nat(4).map((drawn) => drawn === 0),
  provider: fc.option(fc.constantFrom(...providers), { nil: undefined, freq: 1 }),
});

export interface Stage {
  readonly store: Store;
  readonly handoffs: Handoffs;
  played: number;
  /** How many contexts were looked at, and how many of them had messages. */
  readonly tally: { contexts: number; spoken: number };
}

export function openStage(): Stage {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const handoffs = createHandoffs({ log: store.log, maxRepeats: 100, onError: () => undefined });
  return { store, handoffs, played: 0, tally: { contexts: 0, spoken: 0 } };
}

/**
 * Plays a story: a conversation, a handoff, more of it, a handoff inside. Gives what is wrong with what the receivers
 * saw: a provider that would refuse it, or a difference to what is rebuilt from the log.
 */
export async function play(stage: Stage, drawn: Story): Promise<readonly string[]> {
  const { store, handoffs } = stage;
  const session = { tenant: "acme", session: `story-${stage.played++}` };
  const seen: Seen[] = [];
  const say = (messages: readonly Message[]): Promise<unknown> => append(store, session, messages);
  try {
    await say(drawn.before);
    if (drawn.retracts) await retractSome(store, session, drawn.before.length);
    const callId = "transfer-1";
    const asks: Message = {
      role: "assistant",
      content: [
        { type: "tool-call", toolCallId: "save", toolName: "save", input: {} },
        { type: "tool-call", toolCallId: callId, toolName: "transfer_to_two", input: {} },
      ],
    };
    if (drawn.answers) await say([asks]);
    const policy = policies[drawn.policy] ?? full();
    const answer = drawn.answers ? { callId } : {};
    const provider = drawn.provider;
    await unlessTooLarge(
      handoffs.run(
        { session, from: "one", to: "two", reason: "r", policy, for: provider, ...answer },
        async (input) => {
          seen.push({ input, provider });
          await say(drawn.inside);
          const inner = policies[drawn.inner] ?? full();
          await unlessTooLarge(
            input.handoff({ to: "three", reason: "r", policy: inner }, (next) => {
              seen.push({ input: next, provider: undefined });
            }),
          );
        },
      ),
    );
    await unlessTooLarge(
      handoffs.run({ session, from: "one", to: "four", reason: "r", policy, for: provider }, (input) => {
        seen.push({ input, provider });
      }),
    );
    await unlessTooLarge(
      (async () => {
        const told = { from: "one", to: "five", reason: "r", policy, for: provider, cause: drawn.inside };
        const { handoffId, messages = [], complete } = await handoffs.start(session, told);
        await say(drawn.before);
        await complete();
        seen.push({ input: { handoffId, to: "five", messages }, provider });
      })(),
    );
    const faults: string[] = [];
    for (const one of seen) faults.push(...(await faultsOf(stage, session, one)));
    return faults;
  } finally {
    await store.log.delete(session);
  }
}

async function faultsOf(
  { handoffs, tally }: Stage,
  session: SessionAddress,
  { input: { handoffId, to, messages }, provider }: Seen,
): Promise<readonly string[]> {
  tally.contexts++;
  const isSpoken = messages.some(({ role }) => role !== "system");
  if (isSpoken) tally.spoken++;
  const refused = (provider === undefined ? providers : [provider]).flatMap((one) =>
    isSpoken ? validateForProvider(messages, one).map(({ message }) => `${one} for ${to}: ${message}`) : [],
  );
  const rebuilt = await handoffs.rebuild(session, handoffId);
  const again = rebuilt?.messages.map((one) => ("message" in one ? one.message : one));
  const same = JSON.stringify(again) === JSON.stringify(messages);
  return same
    ? refused
    : [...refused, `${to} saw something else than what is rebuilt: ${JSON.stringify(again)}`];
}

/** A budget that not even the least fits in is an explicit error, which ends the handoff before its receiver runs. */
async function unlessTooLarge(run: Promise<unknown>): Promise<void> {
  try {
    await run;
  } catch (error) {
    if (!MemoryError.isInstance(error, "budget-exceeded")) throw error;
  }
}

async function append(store: Store, session: SessionAddress, messages: readonly Message[]): Promise<void> {
  const events = messages.map((body): EventInput => ({ type: "message", body }));
  if (events.length > 0) await store.log.append(session, events);
}

async function retractSome(store: Store, session: SessionAddress, count: number): Promise<void> {
  const at = 1 + Math.floor(count / 2);
  if (at > count) return;
  await store.log.append(session, [
    { type: "retraction", body: { ranges: [{ from: at, to: at }], reason: "undo" } },
  ]);
}
