import type { CallOptions, LimitOverrides, Provider } from "@relevo/core";
import {
  admitChoice,
  admitId,
  admitInteger,
  admitJson,
  admitOptions,
  admitTime,
  callKinds,
  createEventLoopPacer,
  type FieldTable,
  fieldTable,
  readArray,
  readInput,
  refuse,
  resolveLimits,
  throwIfAborted,
} from "@relevo/core/input";
import { takeAiSdkMessage } from "./ai-sdk.ts";
import { takeAnthropicMessage } from "./anthropic.ts";
import { finishImport, type Made } from "./finish-import.ts";
import { takeGeminiContent } from "./gemini.ts";
import type { ImportedMessages } from "./imported.ts";
import { takeLangchainMessage } from "./langchain.ts";
import { takeChatMessage } from "./openai-chat.ts";
import { takeResponsesItem } from "./openai-responses.ts";
import { Run, type TakeItem } from "./run.ts";
import { fieldOf, Source } from "./source.ts";
import { timeOf, withIsoTimes } from "./times.ts";

/** What `importMessages` reads; also the `format` of what it keeps in `native`. */
export type ImportFormat = Provider | "langchain" | "ai-sdk-ui";

const formats: Readonly<Record<ImportFormat, TakeItem>> = {
  "openai-chat": takeChatMessage,
  "openai-responses": takeResponsesItem,
  anthropic: takeAnthropicMessage,
  gemini: takeGeminiContent,
  langchain: takeLangchainMessage,
  "ai-sdk-ui": takeAiSdkMessage,
};
const formatNames = Object.keys(formats) as ImportFormat[];

export interface ImportOptions extends CallOptions {
  /**
   * The name of the history, such as the id of its thread; the format when left out. It is part of the ids that are
   * made, so name the histories when one session gets several.
   */
  readonly name?: string | undefined;
  /** How many items at the start were imported before: the result is about those that follow. 0 when left out. */
  readonly after?: number | undefined;
  /**
   * Returns the time of an item that has none itself, in milliseconds since the epoch. Without a time a message gets
   * that of its append.
   */
  readonly at?: ((item: unknown, index: number) => number | undefined) | undefined;
  /** The limits of the store, when they are not the default ones. */
  readonly limits?: LimitOverrides | undefined;
}

const importFields: FieldTable = fieldTable<ImportOptions>({
  ...callKinds,
  name: "refines",
  after: "refines",
  at: "refines",
  limits: "refines",
});

/**
 * Turns a stored history of another library or provider into messages that a session can append.
 *
 * - `openai-chat`: messages of Chat Completions, and whole completions.
 * - `openai-responses`: input and output items of the Responses API, and whole responses.
 * - `anthropic`: messages of the Messages API, as sent or as received.
 * - `gemini`: contents, and whole responses.
 * - `langchain`: `StoredMessage` with legacy or v1 content blocks, serialized messages, rows of its stores.
 * - `ai-sdk-ui`: `UIMessage` of AI SDK 4 and later; each step of an answer becomes messages of its own.
 *
 * Nothing is dropped without a note. What only the format itself can express is kept in `native`; what describes an
 * item, such as usage, in `metadata`. Items keep their times: `createdAt`, `created_at`, `timestamp`, `createTime` or
 * `created`, as a `Date`, ISO 8601 (UTC without a zone), seconds or milliseconds.
 *
 * An import is repeatable. Under the operation ids of the batches a second run appends nothing, and a history other than
 * the first one is `conflict`. One that has grown since is continued with `after`. The input is not changed. The cost is
 * linear in its size.
 *
 * @throws `invalid-input` with the place, such as `items[3].content[0].id`; `too-large`; `aborted`.
 *
 * @example
 * ```ts
 * const { batches, notes } = await importMessages("openai-chat", history);
 * for (const { messages, operationId } of batches) await session.append(messages, { operationId });
 * ```
 */
export async function importMessages(
  format: ImportFormat,
  items: readonly unknown[],
  options?: ImportOptions,
): Promise<ImportedMessages> {
  if (format === undefined) throw refuse("format", `must be one of ${formatNames.join(", ")}.`);
  const take = formats[admitChoice(format, "format", formatNames, format)];
  const given = admitOptions(options, importFields);
  throwIfAborted(given.signal);
  const limits = resolveLimits(given.limits);
  const name = given.name === undefined ? format : admitId(given.name, "options.name", limits);
  // Names are part of the ids of operations, which have a limit too.
  admitId(`import:${name}:${Number.MAX_SAFE_INTEGER}.${Number.MAX_SAFE_INTEGER}`, "options.name", limits);
  const after = given.after === undefined ? 0 : admitInteger(given.after, "options.after", 0);
  const { at } = given;
  if (at !== undefined && typeof at !== "function")
    throw refuse("options.at", "must be a function that returns a time.");
  const list = readArray(items, "items", "an array of items of the format", Number.MAX_SAFE_INTEGER);

  const pacer = createEventLoopPacer({ minCalls: 8 });
  const run = new Run(format);
  const made: Made[] = [];
  for (let index = 0; index < list.length; index++) {
    const turn = pacer.next(performance.now());
    if (turn !== undefined) {
      await turn;
      throwIfAborted(given.signal);
    }
    const field = fieldOf(index, "");
    const copied = readInput(field, () => withIsoTimes(list[index]));
    const { value } = admitJson(copied, field, limits, limits.batchBytes, "batchBytes");
    const item = new Source(value, index);
    const time = timeOf(item.value);
    run.at = time.at ?? admitTime(at?.(list[index], index), `options.at of ${field}`);
    run.timeName = time.name;
    // A message that was imported before must not go on in what follows.
    if (index === after) run.open = undefined;
    const known = run.drafts.length;
    take(item, run);
    for (const [place, draft] of run.drafts.slice(known).entries())
      made.push({ draft, item: item.value, place });
  }
  return finishImport(made, run.notes, { format, name, after, limits });
}
