import { surveyUtf8 } from "./decode-utf8.ts";
import { InputError } from "./input-error.ts";

export interface DecodedText {
  /** Line ends are line feeds, and no line begins with a byte order mark. */
  readonly text: string;
  /** What was guessed, and what could not be read. */
  readonly notices: readonly string[];
}

/**
 * The text of a file's bytes: UTF-8; or UTF-16, with or without a byte order mark; or Windows-1252, which is what
 * spreadsheets write where UTF-8 is not asked for. Bytes of a UTF-8 or UTF-16 file that are no characters become
 * U+FFFD each, and a notice says where they are.
 *
 * @throws `InputError` for bytes that are no text.
 */
export function decodeText(bytes: Uint8Array, source: string): DecodedText {
  const { text, notices } = decode(bytes, source);
  return { text: text.replace(/\r\n?/g, "\n").replace(/^\uFEFF+/gm, ""), notices };
}

function decode(bytes: Uint8Array, source: string): DecodedText {
  refuseOtherFormats(bytes, source);
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return decodeUtf16(bytes, source, utf16);
  if (looksBinary(bytes)) throw notText(source, "it is not a text file");
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), notices: [] };
  } catch {
    // Not an error that is swallowed: the bytes are in another encoding, or some of them are damaged.
  }
  const { lost, lostCount, encodedCount } = surveyUtf8(bytes);
  // In a file of Windows-1252 hardly two letters in a row look like UTF-8.
  if (encodedCount * 4 < lostCount || encodedCount === 0) {
    const places = describePlaces(lost, lostCount);
    const notice = `${source} is not UTF-8 (${places}); it was read as Windows-1252. If letters look wrong, save it as UTF-8.`;
    // What Windows-1252 leaves open would be control characters.
    const text = new TextDecoder("windows-1252")
      .decode(bytes)
      .replace(/[\u0081\u008d\u008f\u0090\u009d]/g, "\ufffd");
    return { text, notices: [notice] };
  }
  return {
    text: new TextDecoder("utf-8").decode(bytes),
    notices: [
      `${source} is not all UTF-8: ${describePlaces(lost, lostCount)} cannot be read and became \ufffd`,
    ],
  };
}

function describePlaces(lost: ReturnType<typeof surveyUtf8>["lost"], count: number): string {
  const places = lost.map(({ line, offset, bytes }) => `0x${bytes} on line ${line}, offset ${offset}`);
  if (count > lost.length) places.push(`${count - lost.length} more`);
  return places.join("; ");
}

type Utf16 = "utf-16le" | "utf-16be";

/** By its mark; or, without one, because digits, commas and addresses have a zero in every other byte. */
function utf16Of(bytes: Uint8Array): Utf16 | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, 65_536);
  const zeros = [0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  const many = Math.max(4, sample.length / 16);
  if (odd > many && even * 20 < odd) return "utf-16le";
  return even > many && odd * 20 < even ? "utf-16be" : undefined;
}

function decodeUtf16(bytes: Uint8Array, source: string, encoding: Utf16): DecodedText {
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), notices: [] };
  } catch {
    const text = new TextDecoder(encoding).decode(bytes);
    const lines = text.split("\n").flatMap((line, index) => (line.includes("\ufffd") ? [index + 1] : []));
    const more = lines.length > 5 ? ` and ${lines.length - 5} more` : "";
    const where = `line${lines.length === 1 ? "" : "s"} ${lines.slice(0, 5).join(", ")}${more}`;
    return { text, notices: [`${source} is not all UTF-16: what cannot be read became \ufffd on ${where}`] };
  }
}

/** What people take for a lead file because a spreadsheet opens it. */
function refuseOtherFormats(bytes: Uint8Array, source: string): void {
  const start = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  const found = otherFormats.find(([mark]) => start.startsWith(mark));
  if (found !== undefined) throw notText(source, `it is ${found[1]}`);
}

const otherFormats = [
  ["PK\u0003\u0004", "a ZIP archive, such as an XLSX workbook: save the sheet as CSV"],
  ["\u00d0\u00cf\u0011\u00e0", "an old Office document, such as an XLS workbook: save the sheet as CSV"],
  ["%PDF", "a PDF"],
  ["\u001f\u008b", "compressed with gzip"],
  ["\u00ff\u00fe\u0000\u0000", "UTF-32: save it as UTF-8"],
  ["\u0000\u0000\u00fe\u00ff", "UTF-32: save it as UTF-8"],
] as const;

function notText(source: string, why: string): InputError {
  return new InputError(`${source} cannot be read: ${why}. Give leads as JSONL, CSV or JSON.`);
}

/** A stray control character is reported with its row; many of them are no lead file. */
function looksBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 65_536);
  let controls = 0;
  for (const byte of sample) {
    // 27 begins terminal escapes, which hostile leads may hold and we show harmless.
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27) controls++;
  }
  return controls * 4 > sample.length || (controls >= 5 && controls * 50 > sample.length);
}
