import { MemoryError, type TokenCounter } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import { boundedPieces } from "./bounded-pieces.ts";
import { counterOf } from "./message-tokens.ts";

export type GptEncoding = "o200k_base" | "cl100k_base";

/** The part of a gpt-tokenizer encoding that is called. */
export interface GptEncodingModule {
  countTokens(text: string, options: { readonly disallowedSpecial: Set<string> }): number;
}

export interface GptCounterOptions {
  /** Brings the encoding, where a bundler cannot follow a dynamic import; imports gpt-tokenizer when left out. */
  readonly load?: ((encoding: GptEncoding) => Promise<GptEncodingModule>) | undefined;
}

const fields: FieldTable = fieldTable<GptCounterOptions>({ load: "refines" });

/**
 * Counts by the vocabulary of OpenAI's models: `o200k_base` from GPT-4o on, `cl100k_base` for GPT-4 and GPT-3.5. The
 * vocabulary is loaded by this call (about 75 MB in memory), not by importing this package.
 *
 * Exact for texts without a run of more than 256 characters, within about one token for each 256 beyond; linear, also
 * for hostile text. `<|endoftext|>` and its like in a text count as the text that they are.
 *
 * The tokenizer keeps the rarer words that it has split, up to 100,000, in memory that all users of the package share.
 *
 * @throws `unsupported` when the package `gpt-tokenizer` is not installed or cannot be loaded; `invalid-input` for
 * another encoding.
 *
 * @example
 * ```ts
 * const counter = await gptCounter("o200k_base");
 * counter.countText("Where is my order?"); // 5
 * ```
 */
export async function gptCounter(encoding: GptEncoding, given?: GptCounterOptions): Promise<TokenCounter> {
  const options = admitOptions(given, fields);
  if (!Object.hasOwn(importers, encoding)) {
    throw new MemoryError("invalid-input", "The encoding must be o200k_base or cl100k_base.");
  }
  const { countTokens } = await load(encoding, options.load ?? ((name) => importers[name]()));
  // The library throws on special tokens unless none is disallowed: in a message they are only text.
  const asText = { disallowedSpecial: new Set<string>() };
  return counterOf(encoding, (text) => {
    let tokens = 0;
    for (const piece of boundedPieces(text)) tokens += countTokens(piece, asText);
    return tokens;
  });
}

/** Written out, so that bundlers see both. */
const importers: Readonly<Record<GptEncoding, () => Promise<GptEncodingModule>>> = {
  o200k_base: () => import("gpt-tokenizer/encoding/o200k_base"),
  cl100k_base: () => import("gpt-tokenizer/encoding/cl100k_base"),
};

async function load(
  encoding: GptEncoding,
  importer: (encoding: GptEncoding) => Promise<GptEncodingModule>,
): Promise<GptEncodingModule> {
  try {
    return await importer(encoding);
  } catch (cause) {
    throw new MemoryError(
      "unsupported",
      `The encoding ${encoding} needs the package gpt-tokenizer, which cannot be loaded. ` +
        "Install it (npm install gpt-tokenizer), or use estimateCounter(), which needs nothing.",
      { details: { encoding, package: "gpt-tokenizer" }, cause },
    );
  }
}
