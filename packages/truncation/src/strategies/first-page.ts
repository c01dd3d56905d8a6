/** What one read of a log returns at most. */
export const largestPage = 1000;

/** Messages of a chat. Of shorter ones more fit and a second read follows; of longer ones part of the page is not shown. */
const tokensPerMessage = 60;
const leastGuess = 64;
/** Where messages are long, a page must not be far more than what is shown. */
const largestGuess = 128;
/** A question, an answer, and now and then a call with its result. */
const messagesPerTurn = 3;
/** A page reaches to the start of a turn beyond what is shown, because a cut depends on the one before. */
const leastMargin = 12;
const leastPage = 24;

/** How many messages the first read should bring for a strategy that shows at most this much. */
export function pageOf(amount: number, unit: "messages" | "turns" | "tokens"): number {
  if (unit === "tokens")
    return clamp(Math.ceil(amount / tokensPerMessage) + leastMargin, leastGuess, largestGuess);
  const messages = unit === "turns" ? amount * messagesPerTurn : amount;
  return clamp(messages + Math.max(leastMargin, Math.ceil(messages / 4)), leastPage, largestPage);
}

function clamp(page: number, least: number, largest: number): number {
  return Math.min(Math.max(page, least), largest);
}
