import { MemoryError } from "@relevo/core";
import { continuation, firstSeq, type Group, type ViewMessage } from "@relevo/messages";
import { layOut } from "../view/layout.ts";
import type { TokenMeter } from "../view/token-meter.ts";
import { cutOf, type ViewState } from "../view/view-state.ts";
import { chooseCut, readFor, type Scale } from "./choose-cut.ts";

/** How many tokens a view may have, and how they are counted. */
export interface Budget {
  readonly meter: TokenMeter;
  readonly maxTokens: number;
  readonly available: number;
  readonly low: number;
  readonly systemMessages: number | undefined;
}

/**
 * Cuts until the view fits.
 *
 * @throws `budget-exceeded`.
 */
export async function fitBudget(state: ViewState, budget: Budget): Promise<void> {
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
