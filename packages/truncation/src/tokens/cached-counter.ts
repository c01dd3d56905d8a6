import type { Message, TokenCounter } from "@relevo/core";

/** Counts by the name of the counter, as events store them. */
export interface StoredTokens {
  readonly [counter: string]: number;
}

/** A counter that counts each message once. */
export interface CachedCounter extends TokenCounter {
  /**
   * The tokens of the message: the count stored with it under this counter's name, else the cached one of this object,
   * else a new one.
   */
  countStored(message: Message, stored: StoredTokens | undefined): number;
  /** The message's count under the counter's name, to store with it: `append({ ...message }, { tokens })`. */
  tokensFor(message: Message): StoredTokens;
}

/**
 * The counter with a memory: a message is counted once for as long as its object lives. Messages are known by identity,
 * not by content, so never change one that was counted: count its copy. A cached counter is returned as it is.
 */
export function cachedCounter(counter: TokenCounter): CachedCounter {
  if (isCachedCounter(counter)) return counter;
  const counts = new WeakMap<Message, number>();
  const countMessage = (message: Message): number => {
    const known = counts.get(message);
    if (known !== undefined) return known;
    const tokens = counter.countMessage(message);
    counts.set(message, tokens);
    return tokens;
  };
  return {
    name: counter.name,
    countText: (text) => counter.countText(text),
    countMessage,
    countStored(message, stored) {
      return storedCount(stored, counter.name) ?? countMessage(message);
    },
    tokensFor: (message) => ({ [counter.name]: countMessage(message) }),
  };
}

export function isCachedCounter(counter: TokenCounter): counter is CachedCounter {
  return "countStored" in counter && "tokensFor" in counter;
}

/** A stored count may have been written by any program: only a valid count is used. */
function storedCount(stored: StoredTokens | undefined, name: string): number | undefined {
  const tokens = stored?.[name];
  return Number.isSafeInteger(tokens) && tokens !== undefined && tokens >= 0 ? tokens : undefined;
}
