import { type Clock, type Embedder, MemoryError, systemClock } from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitInteger,
  type FieldTable,
  fieldTable,
  refuse,
  retry,
  withTimeout,
} from "@relevo/core/input";
import { admitTexts, inBatches } from "./batches.ts";
import { checkVectors, type VectorSpace } from "./check-vectors.ts";
import { answerOf, failureOf, noAnswer } from "./http-answer.ts";
import { createRequestGate } from "./request-gate.ts";

export interface HttpEmbedderOptions {
  /** Where the API is, up to its version: `https://api.openai.com/v1`, `http://localhost:11434/v1`. */
  readonly baseUrl: string;
  /** The model as the server names it; also the name of the vector space. */
  readonly model: string;
  /** How many numbers a vector of the model has. An answer with another number is refused. */
  readonly dimensions: number;
  /** Asks the server for vectors of `dimensions`, for models that can shorten theirs. `false` when left out. */
  readonly shorten?: boolean | undefined;
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined;
  /** Further headers, such as `api-key` of Azure. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Requests at once, over all calls; 4 when left out. */
  readonly concurrency?: number | undefined;
  /** Requests a minute, over all calls and evenly spaced; not bounded when left out. */
  readonly requestsPerMinute?: number | undefined;
  /** How long one request may take; 30,000 when left out. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is tried in all; 5 when left out. */
  readonly attempts?: number | undefined;
  /** The longest pause before the second try; it doubles with each. 500 when left out. */
  readonly retryDelayMs?: number | undefined;
  /** Longer texts are cut to so many UTF-16 units, as models themselves do; servers refuse them. 8,000 when left out. */
  readonly maxTextLength?: number | undefined;
  /** In place of the global `fetch`, such as one with a proxy. */
  readonly fetch?: FetchEmbeddings | undefined;
  /** For a `Retry-After` that is a date. */
  readonly clock?: Clock | undefined;
}

/** The part of `fetch` that is called. */
export type FetchEmbeddings = (
  url: string,
  init: {
    readonly method: "POST";
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

const httpFields: FieldTable = fieldTable<HttpEmbedderOptions>({
  baseUrl: "selects",
  model: "selects",
  dimensions: "selects",
  shorten: "refines",
  apiKey: "refines",
  headers: "refines",
  concurrency: "refines",
  requestsPerMinute: "refines",
  timeoutMs: "refines",
  attempts: "refines",
  retryDelayMs: "refines",
  maxTextLength: "refines",
  fetch: "refines",
  clock: "refines",
});

/** A server that asks for a longer pause is not waited for. In milliseconds. */
const longestPauseMs = 60_000;

/**
 * An embedder of a server with OpenAI's embeddings API: OpenAI, Ollama, Text Embeddings Inference, LM Studio, vLLM.
 *
 * Texts go in batches of 32. A request that met 408, 429, a status from 500 or a broken connection is tried again, after
 * the time that `Retry-After` asks for, during which no other request begins. Nothing connects before the first call.
 *
 * @throws from `embed`: `unavailable` and `timeout` when every try has failed, with `details.attempts`; `denied` (the key,
 *   or no quota left), `not-found` (no such model), `too-large`, `invalid-input` as the server says; `corrupt` for an
 *   answer with too few vectors, of other dimensions, zero or not of numbers; `aborted`.
 *
 * @example
 * ```ts
 * const embedder = createHttpEmbedder({
 *   baseUrl: "http://localhost:11434/v1",
 *   model: "nomic-embed-text",
 *   dimensions: 768,
 * });
 * ```
 */
export function createHttpEmbedder(options: HttpEmbedderOptions): Embedder {
  const given = admitFields(options, "options", httpFields);
  const space: VectorSpace = {
    model: requireText(given.model, "model"),
    dimensions: admitInteger(given.dimensions, "options.dimensions", 1),
  };
  const url = embeddingsUrl(given.baseUrl);
  const concurrency = admitInteger(given.concurrency ?? 4, "options.concurrency", 1);
  const timeoutMs = admitInteger(given.timeoutMs ?? 30_000, "options.timeoutMs", 1);
  const attempts = admitInteger(given.attempts ?? 5, "options.attempts", 1);
  const delayMs = admitInteger(given.retryDelayMs ?? 500, "options.retryDelayMs", 0);
  const maxTextLength = admitInteger(given.maxTextLength ?? 8000, "options.maxTextLength", 1);
  const { requestsPerMinute, clock = systemClock, fetch: send = fetch, shorten = false } = given;
  if (requestsPerMinute !== undefined) admitInteger(requestsPerMinute, "options.requestsPerMinute", 1);
  const gate = createRequestGate({ concurrency, requestsPerMinute });
  const headers = headersOf(given.apiKey, given.headers);

  async function request(
    input: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly number[])[]> {
    const { model, dimensions } = space;
    const body = JSON.stringify({ model, input, ...(shorten ? { dimensions } : {}) });
    const response = await send(url, { method: "POST", headers, body, signal }).catch(noAnswer);
    if (!response.ok) {
      const { error, pauseMs } = await failureOf(response, clock);
      if (pauseMs !== undefined && pauseMs <= longestPauseMs) gate.pause(pauseMs);
      throw error;
    }
    return checkVectors(await answerOf(response, space), input.length, space);
  }

  async function embedBatch(
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly number[])[]> {
    const input = texts.map((text) => sendable(text, maxTextLength));
    const tried = (): Promise<readonly (readonly number[])[]> =>
      gate.pass(
        () => withTimeout((inner) => request(input, inner), { signal, timeoutMs, timeoutError: tooSlow }),
        { signal },
      );
    return await retry(tried, { attempts, delayMs, when: mayPass, name: "embed", signal });
  }

  const tooSlow = (): MemoryError =>
    new MemoryError("timeout", `The embedding server did not answer within ${timeoutMs} ms.`);

  return {
    ...space,
    async embed(texts, call) {
      const { signal } = admitCall(call);
      return await inBatches(admitTexts(texts), concurrency, { signal }, embedBatch);
    },
  };
}

function mayPass(error: unknown): boolean {
  if (!MemoryError.isInstance(error) || !error.retryable) return false;
  return Number(error.details.retryAfterMs ?? 0) <= longestPauseMs;
}

/** Servers refuse an empty text, and one with half of a surrogate pair is no UTF-8. */
function sendable(text: string, maxLength: number): string {
  return text === "" ? " " : text.slice(0, maxLength).toWellFormed();
}

function headersOf(
  apiKey: string | undefined,
  further: HttpEmbedderOptions["headers"],
): Record<string, string> {
  const key = apiKey === undefined ? {} : { authorization: `Bearer ${requireText(apiKey, "apiKey")}` };
  const headers = { ...further, "content-type": "application/json", ...key };
  try {
    return Object.fromEntries(new Headers(headers));
  } catch {
    // Without the cause, which repeats the value: it may be the key.
    throw refuse("options", "has an apiKey or headers that HTTP cannot carry; look for line feeds.");
  }
}

function requireText(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "") throw refuse(`options.${name}`, "must be a text.");
  return value;
}

function embeddingsUrl(baseUrl: unknown): string {
  const base = requireText(baseUrl, "baseUrl");
  const url = URL.parse(base);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw refuse("options.baseUrl", "must be a URL of http or https, such as http://localhost:11434/v1.");
  // What comes after the path, such as the version of Azure's API, stays.
  url.pathname = `${url.pathname.replace(/\/$/, "")}/embeddings`;
  return url.href;
}
