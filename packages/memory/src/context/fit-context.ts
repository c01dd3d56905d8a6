import type { TokenCounter } from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import type { AgentPerformance } from "../agents/outcome.ts";
import type { MemoryEntry } from "../entries/entry.ts";
import type { RecalledContext } from "../recall/recall-for-task.ts";
import type { SessionMessage } from "../session/session-options.ts";
import { isReasoningAlone } from "../session/tool-groups.ts";
import {
  type ContextPart,
  contextParts,
  entryElement,
  feedbackElement,
  frameOf,
  type LeftOut,
  messageElement,
  strategyElement,
  totalsElement,
} from "./context-parts.ts";

/** From 0 to 1 for each part. What the parts that are not named share is divided as by default. */
export type ContextShares = { readonly [Part in ContextPart]?: number | undefined };

/** What a part of a context costs. */
export interface PartBudget {
  /** What its share allows; for messages with all that the other parts leave. */
  readonly maxTokens: number;
  /** What it costs as part of the prompt. */
  readonly tokens: number;
  /** How many messages, memories, strategies and outcomes, or recalled texts it has. */
  readonly shown: number;
  /** What was read and did not fit. `MemoryContext.incomplete` names lists of which more was not read. */
  readonly leftOut: readonly LeftOut[];
}

/** What a bounded context costs, as the memory's counter counts its pieces. */
export interface ContextBudget {
  readonly maxTokens: number;
  readonly tokens: number;
  readonly parts: Readonly<Record<ContextPart, PartBudget>>;
}

/** Percent. Durable memory and what is recalled leave the greater part to the conversation. */
const defaultShares: Readonly<Record<ContextPart, number>> = {
  "durable.agent": 15,
  "durable.user": 10,
  "volatile.messages": 45,
  performance: 5,
  "volatile.working": 5,
  "volatile.agent": 5,
  recalled: 15,
};

const shareFields: FieldTable = fieldTable<ContextShares>({
  "durable.agent": "refines",
  "durable.user": "refines",
  "volatile.messages": "refines",
  performance: "refines",
  "volatile.working": "refines",
  "volatile.agent": "refines",
  recalled: "refines",
});

export interface Allowance {
  readonly maxTokens: number;
  /** In whole tokens, by part. Their sum is not more than `maxTokens`. */
  readonly parts: Readonly<Record<ContextPart, number>>;
}

/** @throws `invalid-input` that names the share. */
export function admitAllowance(
  maxTokens: number | undefined,
  given: ContextShares | undefined,
): Allowance | undefined {
  if (maxTokens === undefined) {
    if (given !== undefined) throw refuse("options.shares", "are shares of maxTokens: give that, too.");
    return undefined;
  }
  admitInteger(maxTokens, "options.maxTokens", 1);
  const shares = given === undefined ? {} : admitFields(given, "options.shares", shareFields);
  let named = 0;
  let unnamed = 0;
  for (const part of contextParts) {
    const share = shares[part];
    if (share === undefined) unnamed += defaultShares[part];
    else if (typeof share !== "number" || !(share >= 0 && share <= 1))
      throw refuse(`options.shares.${part}`, "must be a number from 0 to 1.");
    else named += share;
  }
  // Sums of decimal fractions are off by some units in the last place.
  if (named > 1 + 1e-9)
    throw refuse("options.shares", `add up to ${Math.round(named * 1000) / 1000}; the most is 1.`);
  const rest = Math.max(0, 1 - named);
  const tokensOf = (part: ContextPart): number =>
    Math.floor(maxTokens * (shares[part] ?? (rest * defaultShares[part]) / unnamed) + 1e-6);
  const parts = Object.fromEntries(contextParts.map((part) => [part, tokensOf(part)]));
  return { maxTokens, parts: parts as Record<ContextPart, number> };
}

type Counter = TokenCounter | undefined;

function count(counter: Counter, text: string): number {
  return counter?.countText(text) ?? Math.ceil(Buffer.byteLength(text, "utf8") / 3);
}

interface Fitted<Item> {
  readonly items: readonly Item[];
  readonly leftOut: readonly Item[];
  readonly tokens: number;
}

/** Takes the items in the order of `preferred` as long as they fit, and returns them in their own. */
function fit<Item>(
  items: readonly Item[],
  preferred: readonly Item[],
  cost: (item: Item) => number,
  frame: number,
  maxTokens: number,
): Fitted<Item> {
  const taken = new Set<Item>();
  let tokens = frame;
  for (const item of preferred) {
    const more = cost(item);
    if (tokens + more > maxTokens) continue;
    tokens += more;
    taken.add(item);
  }
  return {
    items: items.filter((item) => taken.has(item)),
    leftOut: items.filter((item) => !taken.has(item)),
    tokens: taken.size === 0 ? 0 : tokens,
  };
}

type EntryPart = "durable.agent" | "durable.user" | "volatile.working" | "volatile.agent";

/** The newest memories that fit, in the order of the list. */
function fitEntries(
  counter: Counter,
  part: EntryPart,
  entries: readonly MemoryEntry[],
  { parts: { [part]: maxTokens } }: Allowance,
): { readonly items: readonly MemoryEntry[]; readonly budget: PartBudget } {
  const newest = entries.toSorted((left, right) => right.updatedAt - left.updatedAt);
  const cost = (entry: MemoryEntry): number => count(counter, entryElement(entry));
  const { items, leftOut, tokens } = fit(entries, newest, cost, count(counter, frameOf(part)), maxTokens);
  return {
    items,
    budget: {
      maxTokens,
      tokens,
      shown: items.length,
      leftOut: leftOut.map(({ key, agent }) => (agent === undefined ? { key } : { key, agent })),
    },
  };
}

/** The totals, then as many strategies and outcomes as fit, best and newest first. */
function fitPerformance(
  counter: Counter,
  performance: AgentPerformance | undefined,
  { parts: { performance: maxTokens } }: Allowance,
): { readonly performance?: AgentPerformance; readonly budget: PartBudget } {
  if (performance === undefined) return { budget: { maxTokens, tokens: 0, shown: 0, leftOut: [] } };
  const { strategies, feedback } = performance;
  const frame = count(counter, frameOf("performance")) + count(counter, totalsElement(performance));
  const elements = [
    ...strategies.map((strategy) => ({ name: strategy.strategy, text: strategyElement(strategy) })),
    ...feedback.map((outcome) => ({ at: outcome.at, text: feedbackElement(outcome) })),
  ];
  const fitted = fit(elements, elements, ({ text }) => count(counter, text), frame, maxTokens);
  const shown = new Set(fitted.items);
  const budget = {
    maxTokens,
    tokens: frame > maxTokens ? 0 : Math.max(frame, fitted.tokens),
    shown: shown.size,
    leftOut: fitted.leftOut.map(
      (item): LeftOut => ("at" in item ? { at: item.at } : { strategy: item.name }),
    ),
  };
  // Without its totals the part would say nothing that can be understood.
  if (frame > maxTokens) return { budget };
  return {
    performance: {
      ...performance,
      strategies: strategies.filter((_, at) => shown.has(elements[at] as (typeof elements)[number])),
      feedback: feedback.filter((_, at) =>
        shown.has(elements[strategies.length + at] as (typeof elements)[number]),
      ),
    },
    budget,
  };
}

/** The newest messages that fit, from a place where a conversation can start: no result is there without its call. */
function fitMessages(
  counter: Counter,
  messages: readonly SessionMessage[],
  maxTokens: number,
): { readonly messages: readonly SessionMessage[]; readonly budget: PartBudget } {
  const frame = count(counter, frameOf("volatile.messages"));
  let start = messages.length;
  let tokens = 0;
  let sum = frame;
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at] as SessionMessage;
    // As text or as a message: what costs more.
    sum += Math.max(count(counter, messageElement(message)), counter?.countMessage(message) ?? 0);
    if (sum > maxTokens) break;
    const before = messages[at - 1];
    if (message.role === "tool" || (before !== undefined && isReasoningAlone(before))) continue;
    start = at;
    tokens = sum;
  }
  const shown = messages.slice(start);
  const leftOut = messages.slice(0, start).map(({ seq }) => ({ seq }));
  return { messages: shown, budget: { maxTokens, tokens, shown: shown.length, leftOut } };
}

function recalledBudget(recalled: RecalledContext | undefined, maxTokens: number): PartBudget {
  const { tokens = 0, shown = [], leftOut = [] } = recalled ?? {};
  return { maxTokens, tokens, shown: shown.length, leftOut: leftOut.map(({ source }) => ({ source })) };
}

/** The parts of a context that are read before anything is recalled. */
export interface Gathered {
  readonly volatile: {
    readonly messages: readonly SessionMessage[];
    readonly working: readonly MemoryEntry[];
    readonly agent: readonly MemoryEntry[];
  };
  readonly durable: { readonly agent: readonly MemoryEntry[]; readonly user: readonly MemoryEntry[] };
  readonly performance: AgentPerformance | undefined;
}

type Budgets = Readonly<Record<Exclude<ContextPart, "recalled">, PartBudget>>;

export function fitGathered(
  counter: Counter,
  { volatile, durable, performance: given }: Gathered,
  allowance: Allowance,
): Gathered & { readonly budgets: Budgets } {
  const agent = fitEntries(counter, "durable.agent", durable.agent, allowance);
  const user = fitEntries(counter, "durable.user", durable.user, allowance);
  const working = fitEntries(counter, "volatile.working", volatile.working, allowance);
  const notes = fitEntries(counter, "volatile.agent", volatile.agent, allowance);
  const { performance, budget } = fitPerformance(counter, given, allowance);
  const others = [agent.budget, user.budget, working.budget, notes.budget, budget];
  const { maxTokens, parts } = allowance;
  // What is recalled depends on the messages that are shown, so its share is kept free.
  const left = others.reduce((rest, { tokens }) => rest - tokens, maxTokens - parts.recalled);
  const { messages, budget: spoken } = fitMessages(counter, volatile.messages, left);
  return {
    volatile: { messages, working: working.items, agent: notes.items },
    durable: { agent: agent.items, user: user.items },
    performance,
    budgets: {
      "durable.agent": agent.budget,
      "durable.user": user.budget,
      "volatile.messages": spoken,
      performance: budget,
      "volatile.working": working.budget,
      "volatile.agent": notes.budget,
    },
  };
}

export function contextBudget(
  { maxTokens, parts }: Allowance,
  budgets: Budgets,
  recalled: RecalledContext | undefined,
): ContextBudget {
  const all = { ...budgets, recalled: recalledBudget(recalled, parts.recalled) };
  const tokens = contextParts.reduce((sum, part) => sum + all[part].tokens, 0);
  return { maxTokens, tokens, parts: all };
}
