import { refuse, tooLarge } from "@relevo/core/input";
import { damaged } from "./export-format.ts";

/** Pieces of a text: strings, or bytes in UTF-8, cut anywhere. Such as a file's stream. */
export type TextSource = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * The lines of the text, without their ends; holds one at a time. The last one counts only when it is ended: a text that
 * was cut may look whole otherwise.
 *
 * @throws `too-large` for a line of more than `maxLength` UTF-16 units; `corrupt` for bytes that are not UTF-8.
 */
export async function* splitLines(source: TextSource, maxLength: number): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let parts: string[] = [];
  let length = 0;
  let lines = 0;
  for await (const piece of source) {
    const text = typeof piece === "string" ? piece : decode(decoder, piece, lines + 1);
    let from = 0;
    for (let to = text.indexOf("\n"); to !== -1; to = text.indexOf("\n", from)) {
      parts.push(text.slice(from, to));
      from = to + 1;
      length = 0;
      lines++;
      yield parts.join("");
      parts = [];
    }
    parts.push(text.slice(from));
    length += text.length - from;
    if (length > maxLength) throw tooLarge(`line ${lines + 1}`, "batchBytes", maxLength, length);
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, piece: unknown, line: number): string {
  if (!(piece instanceof Uint8Array)) throw refuse("source", "must give strings or bytes.");
  try {
    return decoder.decode(piece, { stream: true });
  } catch {
    throw damaged(line, "is not UTF-8");
  }
}
