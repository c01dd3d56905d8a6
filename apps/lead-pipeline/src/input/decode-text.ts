import { InputError } from "./input-error.ts";

export interface DecodedText {
  readonly text: string;
  /** Set when the encoding was guessed. */
  readonly notice?: string;
}

/**
 * The text of a file's bytes: UTF-8, or UTF-16 with a byte order mark, or else Windows-1252, which is what
 * spreadsheets write where UTF-8 is not asked for.
 *
 * @throws `InputError` for bytes that are no text.
 */
export function decodeText(bytes: Uint8Array, source: string): DecodedText {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: new TextDecoder("utf-16le").decode(bytes) };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: new TextDecoder("utf-16be").decode(bytes) };
  if (looksBinary(bytes)) {
    throw new InputError(`${source} is not a text file. Give leads as JSONL, CSV or a JSON array.`);
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    // Not an error that is swallowed: these bytes are simply in another encoding, and the notice says so.
    return {
      text: new TextDecoder("windows-1252").decode(bytes),
      notice: `${source} is not UTF-8; it was read as Windows-1252`,
    };
  }
}

/** NUL, or more than one control character in fifty: no lead file has that. */
function looksBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 65_536);
  let controls = 0;
  for (const byte of sample) {
    if (byte === 0) return true;
    // 27 begins terminal escapes, which hostile leads may hold and we show harmless.
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27) controls++;
  }
  return controls * 50 > sample.length;
}
