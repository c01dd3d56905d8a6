import type { Message } from "@relevo/core";

/** What the model calls of a session cost, as far as messages say. */
export interface SessionUsage {
  /** Messages that say anything. */
  readonly messages: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input, what a provider had in its cache. */
  readonly cachedInputTokens: number;
  /** The sum of the costs, in the callers' currency. */
  readonly cost: number;
}

/**
 * Where providers and frameworks have it: in `metadata.usage`, or in `metadata.usage_metadata` as LangChain has it. The first
 * that is there counts.
 */
const places: { readonly [Name in Exclude<keyof SessionUsage, "messages">]: readonly string[] } = {
  inputTokens: ["inputTokens", "input_tokens", "promptTokens", "prompt_tokens"],
  outputTokens: ["outputTokens", "output_tokens", "completionTokens", "completion_tokens"],
  cachedInputTokens: [
    "cachedInputTokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "input_token_details.cache_read",
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
  ],
  cost: ["cost"],
};

type Usage = { -readonly [Name in keyof SessionUsage]: number };

export function noUsage(): Usage {
  return { messages: 0, inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, cost: 0 };
}

/** Sums of larger ones could be infinite, which is no JSON. */
function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/** Adds what the message says of its usage. What is no number counts nothing. */
export function addUsage(usage: Usage, { metadata }: Message): void {
  const said = metadata?.usage ?? metadata?.usage_metadata;
  let found = false;
  for (const [name, known] of Object.entries(places) as [keyof typeof places, readonly string[]][]) {
    const value = known.map((place) => valueAt(said, place)).find(isAmount);
    if (value === undefined) continue;
    usage[name] += value;
    found = true;
  }
  if (found) usage.messages++;
}

function valueAt(value: unknown, place: string): unknown {
  let found = value;
  for (const name of place.split("."))
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, name)
        ? (found as Readonly<Record<string, unknown>>)[name]
        : undefined;
  return found;
}
