import { readFile, stat } from "node:fs/promises";
import type { LeadRow } from "../lead.ts";
import { decodeText } from "./decode-text.ts";
import { InputError } from "./input-error.ts";
import { parseCsvRows } from "./parse-csv-rows.ts";
import { parseJsonArray, parseJsonLines } from "./parse-json-rows.ts";

export const maxInputBytes: number = 64 * 1024 * 1024;

export interface LeadFile {
  readonly source: string;
  readonly format: "jsonl" | "json" | "csv";
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
  const { text: decoded, notice } = decodeText(bytes, source);
  const text = decoded.replace(/^\uFEFF/, "");
  if (text.trim() === "") throw new InputError(`${source} is empty: there is no lead in it.`);
  const format = detectFormat(text, source);
  const rows = markRepeatedIds([...parsers[format](text, source)]);
  const notices = notice === undefined ? [] : [notice];
  if (rows.length === 0) throw new InputError(`${source} has a header and no lead below it.`);
  return { source, format, rows, notices };
}

const parsers = {
  jsonl: parseJsonLines,
  json: parseJsonArray,
  csv: parseCsvRows,
} as const;

/** What the text begins with decides; the file's name only where the first line says nothing. */
function detectFormat(text: string, source: string): LeadFile["format"] {
  const start = text.trimStart();
  if (start.startsWith("[")) return "json";
  if (start.startsWith("{")) return "jsonl";
  return /\.(?:jsonl|ndjson|json)$/i.test(source) ? "jsonl" : "csv";
}

/** The second row with an id is refused: outcomes are reported by id, and two of them could not be told apart. */
function markRepeatedIds(rows: readonly LeadRow[]): readonly LeadRow[] {
  const lineOf = new Map<string, number>();
  return rows.map((row) => {
    if (!row.ok) return row;
    const first = lineOf.get(row.lead.id);
    if (first === undefined) {
      lineOf.set(row.lead.id, row.line);
      return row;
    }
    return { ok: false, line: row.line, id: row.lead.id, reason: `the id is already used on line ${first}` };
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
