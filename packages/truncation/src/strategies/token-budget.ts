import { MemoryError, type TokenCounter } from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { continuation, firstSeq, type Group, type ViewMessage } from "@relevo/messages";
import { countToolDefinitions, type ToolDefinition } from "../tokens/tool-definition-tokens.ts";
import { layOut } from "../view/layout.ts";
import { TokenMeter } from "../view/token-meter.ts";
import { cutOf, type ViewState } from "../view/view-state.ts";
import { admitCounter } from "./admit-counter.ts";
import { chooseCut, readFor, type Scale } from "./choose-cut.ts";
import { pageOf } from "./first-page.ts";
import { type Strategy, strategyOf } from "./strategy.ts";

export interface TokenBudgetOptions {
  /** The size of the model's context, or the part of it that a request may use. */
  readonly maxTokens: number;
  /** Counts tokens; `estimateCounter()` when left out. */
  readonly counter?: TokenCounter | undefined;
  /** Tokens to reserve: a number, or the tool definitions and the answer. 0 when left out. */
  readonly reserve?: number | BudgetReserve | undefined;
  /** The fewest tokens that a cut may leave in the view; half of the budget when left out. */
  readonly low?: number | undefined;
  /**
   * How many system messages are always shown: the first one and the newest of the others. The rest is dropped with its
   * turns. All when left out; set it when each turn adds one, or they eventually fill the budget.
   */
  readonly systemMessages?: number | undefined;
}

/** What else a request contains. */
export interface BudgetReserve {
  /** Definitions of tools, counted by `countToolDefinitions`. */
  readonly tools?: readonly ToolDefinition[] | undefined;
  /** Tokens for the model's answer. */
  readonly output?: number | undefined;
}

const fields: FieldTable = fieldTable<TokenBudgetOptions>({
  maxTokens: "selects",
  counter: "refines",
  reserve: "refines",
  low: "refines",
  systemMessages: "refines",
});
const reserveFields: FieldTable = fieldTable<BudgetReserve>({ tools: "refines", output: "refines" });

/**
 * Shows as many of the newest messages as fit, in whole groups, with everything that is pinned. The minimum is what is
 * pinned, the last user message and the last group; the summary, when there is no group.
 *
 * @throws `invalid-input` that names the option. The view is `budget-exceeded` when not even the minimum fits, with
 *   `details.available`, `details.needed` and the largest messages in `details.largest`.
 * @example
 * ```ts
 * const { messages } = await tokenBudget({ maxTokens: 4000, counter }).apply(history);
 * ```
 */
export function tokenBudget(given: TokenBudgetOptions): Strategy {
  const options = admitFields(given, "options", fields);
  const maxTokens = admitInteger(options.maxTokens, "options.maxTokens", 1);
  const counter = admitCounter(options.counter, "options.counter");
  const reserve = reserved(options.reserve, counter);
  const available = maxTokens - reserve;
  if (available < 1)
    throw refuse("options.reserve", `leaves nothing of ${maxTokens} tokens: it takes ${reserve}.`);
  const low =
    options.low === undefined
      ? Math.ceil(available / 2)
      : admitInteger(options.low, "options.low", 1, available);
  const systemMessages =
    options.systemMessages === undefined
      ? undefined
      : admitInteger(options.systemMessages, "options.systemMessages", 1);
  const settings = { maxTokens, available, low, systemMessages };
  const name = `tokenBudget(maxTokens=${maxTokens}${reserve === 0 ? "" : `, reserve=${reserve}`})`;
  return strategyOf({
    name,
    stages: [(state) => fit(state, { ...settings, meter: new TokenMeter(counter) })],
    firstPage: pageOf(available, "tokens"),
    readsSummaries: false,
  });
}

interface Budget {
  readonly meter: TokenMeter;
  readonly maxTokens: number;
  readonly available: number;
  readonly low: number;
  readonly systemMessages: number | undefined;
}

async function fit(state: ViewState, budget: Budget): Promise<void> {
  const { history } = state;
  const { meter, available } = budget;
  state.meter = meter;
  if (budget.systemMessages !== undefined) await history.releaseSystem(budget.systemMessages);
  const above = cutOf(state);
  const scale = scaleOf(budget, 0);
  await readFor(history, scale, above);
  const pinned = sum(
    history.groups.filter((group) => group.pinned),
    meter,
  );
  const summaries = history.summaries.reduce(
    (total, one) => total + meter.ofMessage(one.message, one.tokens),
    0,
  );
  for (const shown of state.showsSummaries && summaries > 0 ? [true, false] : [state.showsSummaries]) {
    state.showsSummaries = shown;
    let fixed = pinned + (shown ? summaries : 0);
    for (let least = 1; ; least *= 2) {
      const { group, fits } = chooseCut(history, scaleOf(budget, fixed), above, shown && summaries > 0);
      state.cuts.splice(state.cuts.findIndex(isOurs) >>> 0);
      if (group !== undefined && firstSeq(group) > above)
        state.cuts.push({ seq: firstSeq(group), reason: "budget" });
      const { messages } = layOut(state);
      const needed = meter.ofMessages(messages);
      // When everything is summarized, the summary is the minimum: without it there would be nothing to send.
      if (!shown && summaries > 0 && !messages.some(speaks)) break;
      if (needed <= available) return;
      if (!fits) break;
      // Merged reasoning can add to the cost of the groups. Doubling the step keeps the number of tries small.
      fixed += Math.max(least, needed - available);
    }
  }
  if (summaries > 0 && !layOut(state).messages.some(speaks)) state.showsSummaries = true;
  throw exceeded(budget, layOut(state).messages);

  function isOurs({ seq }: { readonly seq: number }): boolean {
    return seq > above;
  }
}

function speaks({ message }: ViewMessage): boolean {
  return message.role !== "system";
}

function scaleOf({ meter, available, low }: Budget, fixed: number): Scale {
  return {
    low: low - fixed,
    high: available - fixed,
    sizeOf: (group) => meter.ofGroup(group),
    openerSize: meter.ofMessage({ role: "user", content: continuation }),
  };
}

function sum(groups: readonly Group[], meter: TokenMeter): number {
  return groups.reduce((total, group) => total + meter.ofGroup(group), 0);
}

const namedMessages = 5;

function exceeded({ meter, maxTokens, available }: Budget, messages: readonly ViewMessage[]): MemoryError {
  const needed = meter.ofMessages(messages);
  const largest = messages
    .map(({ message, seq }) => ({ seq: seq ?? null, role: message.role, tokens: meter.ofMessage(message) }))
    .sort((left, right) => right.tokens - left.tokens)
    .slice(0, namedMessages);
  const first = largest[0];
  const place =
    first?.seq == null ? `a ${first?.role} message` : `the ${first.role} message with seq ${first.seq}`;
  let system = 0;
  for (const { message } of messages) if (message.role === "system") system += meter.ofMessage(message);
  const remedy =
    system * 2 > available
      ? ` System messages take ${system}: set systemMessages, or append those of a single turn with pinned: false.`
      : "";
  return new MemoryError(
    "budget-exceeded",
    `What must be shown needs ${needed} tokens, and there are ${available}. The largest is ${place}: ${first?.tokens}.${remedy}`,
    { details: { maxTokens, available, needed, system, largest } },
  );
}

function reserved(reserve: TokenBudgetOptions["reserve"], counter: TokenCounter): number {
  if (reserve === undefined) return 0;
  if (typeof reserve === "number") return admitInteger(reserve, "options.reserve", 0);
  const { tools = [], output = 0 } = admitFields(reserve, "options.reserve", reserveFields);
  if (!Array.isArray(tools)) throw refuse("options.reserve.tools", "must be an array of definitions.");
  return countToolDefinitions(counter, tools) + admitInteger(output, "options.reserve.output", 0);
}
