import type { TokenCounter } from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { countToolDefinitions, type ToolDefinition } from "../tokens/tool-definition-tokens.ts";
import { TokenMeter } from "../view/token-meter.ts";
import { admitCounter } from "./admit-counter.ts";
import { pageOf } from "./first-page.ts";
import { fitBudget } from "./fit-budget.ts";
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
    stages: [(state) => fitBudget(state, { ...settings, meter: new TokenMeter(counter) })],
    firstPage: pageOf(available, "tokens"),
    readsSummaries: false,
  });
}

function reserved(reserve: TokenBudgetOptions["reserve"], counter: TokenCounter): number {
  if (reserve === undefined) return 0;
  if (typeof reserve === "number") return admitInteger(reserve, "options.reserve", 0);
  const { tools = [], output = 0 } = admitFields(reserve, "options.reserve", reserveFields);
  if (!Array.isArray(tools)) throw refuse("options.reserve.tools", "must be an array of definitions.");
  return countToolDefinitions(counter, tools) + admitInteger(output, "options.reserve.output", 0);
}
