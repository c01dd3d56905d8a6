import type { TokenCounter, View, ViewAllowance } from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import type { AgentPerformance } from "../agents/outcome.ts";
import type { MemoryEntry } from "../entries/entry.ts";
import type { RecalledContext } from "../recall/recall-for-task.ts";
import {
  type ContextPart,
  contextParts,
  entryElement,
  feedbackElement,
  frameOf,
  type LeftOut,
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
  /**
   * What was read and did not fit; of the conversation what its view does not show. `MemoryContext.incomplete` names lists of
   * which more was not read.
   */
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
  name: string = "options",
): Allowance | undefined {
  if (maxTokens === undefined) {
    if (given !== undefined) throw refuse(`${name}.shares`, "are shares of maxTokens: give that, too.");
    return undefined;
  }
  admitInteger(maxTokens, `${name}.maxTokens`, 1);
  const shares = given === undefined ? {} : admitFields(given, `${name}.shares`, shareFields);
  let named = 0;
  let unnamed = 0;
  for (const part of contextParts) {
    const share = shares[part];
    if (share === undefined) unnamed += defaultShares[part];
    else if (typeof share !== "number" || !(share >= 0 && share <= 1))
      throw refuse(`${name}.shares.${part}`, "must be a number from 0 to 1.");
    else named += share;
  }
  // Sums of decimal fractions are off by some units in the last place.
  if (named > 1 + 1e-9)
    throw refuse(`${name}.shares`, `add up to ${Math.round(named * 1000) / 1000}; the most is 1.`);
  const rest = Math.max(0, 1 - named);
  const tokensOf = (part: ContextPart): number =>
    Math.floor(maxTokens * (shares[part] ?? (rest * defaultShares[part]) / unnamed) + 1e-6);
  const parts = Object.fromEntries(contextParts.map((part) => [part, tokensOf(part)]));
  return { maxTokens, parts: parts as Record<ContextPart, number> };
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
  counter: TokenCounter,
  part: EntryPart,
  entries: readonly MemoryEntry[],
  { parts: { [part]: maxTokens } }: Allowance,
): { readonly items: readonly MemoryEntry[]; readonly budget: PartBudget } {
  const newest = entries.toSorted((left, right) => right.updatedAt - left.updatedAt);
  const cost = (entry: MemoryEntry): number => counter.countText(entryElement(entry));
  const { items, leftOut, tokens } = fit(entries, newest, cost, counter.countText(frameOf(part)), maxTokens);
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
  counter: TokenCounter,
  performance: AgentPerformance | undefined,
  { parts: { performance: maxTokens } }: Allowance,
): { readonly performance?: AgentPerformance; readonly budget: PartBudget } {
  if (performance === undefined) return { budget: { maxTokens, tokens: 0, shown: 0, leftOut: [] } };
  const { strategies, feedback } = performance;
  const frame = counter.countText(frameOf("performance")) + counter.countText(totalsElement(performance));
  const elements = [
    ...strategies.map((strategy) => ({ name: strategy.strategy, text: strategyElement(strategy) })),
    ...feedback.map((outcome) => ({ at: outcome.at, text: feedbackElement(outcome) })),
  ];
  const fitted = fit(elements, elements, ({ text }) => counter.countText(text), frame, maxTokens);
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

/** The cost of the conversation, and what its view does not show. */
function conversationBudget(counter: TokenCounter, view: View | undefined, maxTokens: number): PartBudget {
  const { messages = [], dropped = [] } = view ?? {};
  const frame = messages.length === 0 ? 0 : frameCost(counter);
  const tokens = messages.reduce((sum, message) => sum + counter.countMessage(message), frame);
  return { maxTokens, tokens, shown: messages.length, leftOut: dropped };
}

function frameCost(counter: TokenCounter): number {
  return counter.countText(frameOf("volatile.messages"));
}

function recalledBudget(recalled: RecalledContext | undefined, maxTokens: number): PartBudget {
  const { tokens = 0, shown = [], leftOut = [] } = recalled ?? {};
  return { maxTokens, tokens, shown: shown.length, leftOut: leftOut.map(({ source }) => ({ source })) };
}

/** The parts of a context that are fitted first: all but the conversation and what is recalled. */
export interface Gathered {
  readonly volatile: { readonly working: readonly MemoryEntry[]; readonly agent: readonly MemoryEntry[] };
  readonly durable: { readonly agent: readonly MemoryEntry[]; readonly user: readonly MemoryEntry[] };
  readonly performance: AgentPerformance | undefined;
}

type FirstBudgets = Readonly<Record<Exclude<ContextPart, "recalled" | "volatile.messages">, PartBudget>>;

/** The parts that fit, and what the conversation may cost. */
export interface FittedParts extends Gathered {
  readonly budgets: FirstBudgets;
  /** What is left for the conversation, its block included. */
  readonly left: number;
  /** The same as a bound for the messages alone. */
  readonly within: ViewAllowance;
}

/** The steps in which the conversation gets what the others leave, as parts of the whole. */
const steps = 20;

export function fitGathered(
  counter: TokenCounter,
  { volatile, durable, performance: given }: Gathered,
  allowance: Allowance,
): FittedParts {
  const agent = fitEntries(counter, "durable.agent", durable.agent, allowance);
  const user = fitEntries(counter, "durable.user", durable.user, allowance);
  const working = fitEntries(counter, "volatile.working", volatile.working, allowance);
  const notes = fitEntries(counter, "volatile.agent", volatile.agent, allowance);
  const { performance, budget } = fitPerformance(counter, given, allowance);
  const { maxTokens, parts } = allowance;
  const own = parts["volatile.messages"];
  const others = [agent.budget, user.budget, working.budget, notes.budget, budget];
  // What is recalled depends on the messages that are shown, so its share is kept free.
  const free = others.reduce((rest, { tokens }) => rest - tokens, maxTokens - parts.recalled);
  // In steps, so that a note that grows by a word does not move the start of the conversation, which a provider has cached.
  const step = Math.max(1, Math.floor(maxTokens / steps));
  const left = own + Math.floor((free - own) / step) * step;
  return {
    volatile: { working: working.items, agent: notes.items },
    durable: { agent: agent.items, user: user.items },
    performance,
    budgets: {
      "durable.agent": agent.budget,
      "durable.user": user.budget,
      performance: budget,
      "volatile.working": working.budget,
      "volatile.agent": notes.budget,
    },
    left,
    within: { maxTokens: Math.max(1, left - frameCost(counter)), counter },
  };
}

export function contextBudget(
  counter: TokenCounter,
  { maxTokens, parts }: Allowance,
  { budgets, left }: FittedParts,
  view: View | undefined,
  recalled: RecalledContext | undefined,
): ContextBudget {
  const all = {
    ...budgets,
    "volatile.messages": conversationBudget(counter, view, left),
    recalled: recalledBudget(recalled, parts.recalled),
  };
  const tokens = contextParts.reduce((sum, part) => sum + all[part].tokens, 0);
  return { maxTokens, tokens, parts: all };
}
