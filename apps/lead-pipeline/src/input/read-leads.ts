import { readFile, stat } from "node:fs/promises";
import { type LeadRow, placeOf } from "../lead.ts";
import { decodeText } from "./decode-text.ts";
import { InputError } from "./input-error.ts";
import { parseCsvRows } from "./parse-csv-rows.ts";
import { parseJsonRows } from "./parse-json-rows.ts";

export const maxInputBytes: number = 64 * 1024 * 1024;

export interface LeadFile {
  readonly source: string;
  readonly format: "json" | "csv";
  readonly rows: readonly LeadRow[];
  readonly notices: readonly string[];
}

/**
 * All rows of a lead file in the order of the file, good and bad.
 *
 * @throws `InputError` when there is no such file, it is empty, binary, too large, or has no row that could be a lead.
 */
export async function readLeadFile(path: string): Promise<LeadFile> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > maxInputBytes) throw tooLarge(path);
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  return parseLeads(bytes, path);
}

/** As `readLeadFile`, for a stream such as standard input. */
export async function readLeadStream(stream: AsyncIterable<Uint8Array | string>): Promise<LeadFile> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > maxInputBytes) throw tooLarge("Standard input");
    chunks.push(bytes);
  }
  return parseLeads(Buffer.concat(chunks), "Standard input");
}

export function parseLeads(bytes: Uint8Array, source: string): LeadFile {
  const { text, notices } = decodeText(bytes, source);
  if (text.trim() === "") throw new InputError(`${source} is empty: there is no lead in it.`);
  const format = detectFormat(text, source);
  const rows = markRepeatedIds([...parsers[format](text, source)]);
  if (rows.length === 0) throw new InputError(`${source} has ${nothing[format]}.`);
  return { source, format, rows, notices };
}

const parsers = { json: parseJsonRows, csv: parseCsvRows } as const;
const nothing = { json: "an empty list and no lead", csv: "a header and no lead below it" } as const;

/** What the text begins with decides; the file's name only where the first line says nothing. */
function detectFormat(text: string, source: string): LeadFile["format"] {
  return /^\s*[[{]/.test(text) || /\.(?:jsonl|ndjson|json)$/i.test(source) ? "json" : "csv";
}

/** The second row with an id is refused: outcomes are reported by id, and two of them could not be told apart. */
function markRepeatedIds(rows: readonly LeadRow[]): readonly LeadRow[] {
  const firstOf = new Map<string, LeadRow>();
  return rows.map((row) => {
    if (!row.ok) return row;
    const { lead, ok: _ok, ...place } = row;
    const first = firstOf.get(lead.id);
    if (first === undefined) {
      firstOf.set(lead.id, row);
      return row;
    }
    return { ok: false, ...place, id: lead.id, reason: `the id is already used on ${placeOf(first)}` };
  });
}

function tooLarge(source: string): InputError {
  return new InputError(
    `${source} is larger than ${maxInputBytes / 1024 / 1024} MB. Split it and run the parts.`,
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
