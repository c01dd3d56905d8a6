import { CsvError, type Info, parse } from "csv-parse/sync";
import type { LeadRow } from "../lead.ts";
import { admitLead } from "./admit-lead.ts";
import { fieldOfColumn } from "./columns.ts";
import { InputError } from "./input-error.ts";

interface RawRecord {
  readonly record: string[];
  readonly info: Info;
  readonly raw: string;
}

/** After so many broken quotes the file is not CSV, and reading on would cost its length each time. */
const maxRestarts = 50;

/**
 * CSV with a header line: quoted fields with line breaks, CRLF, and comma, semicolon, tab or bar between fields.
 * A first line `sep=;` names what stands between fields, and a header that comes again is left out.
 * A row with the wrong number of fields or a broken quote is reported by the line it begins on, and the next row is
 * read. Fields missing at the end are a wrong number; empty ones too many, as spreadsheets add them, are not.
 *
 * @throws `InputError` when the header has no column for id, email and message.
 */
export function* parseCsvRows(text: string, source: string): Generator<LeadRow> {
  const declared = declaredDelimiter(text);
  // The declaration keeps its place, so that lines are counted as an editor shows them.
  const rest = declared === undefined ? text : text.slice(declared.length);
  const firstLine = declared === undefined ? 1 : 2;
  let header: readonly string[] | undefined;
  for (const row of readRecords(rest, declared?.delimiter ?? detectDelimiter(rest), firstLine)) {
    if ("reason" in row) {
      if (header === undefined) throw noHeader(source, `its first line cannot be read: ${row.reason}`);
      yield { ok: false, ...row };
      continue;
    }
    if (header === undefined) {
      header = row.record.map((heading) => heading.trim());
      requireColumns(header, source);
      continue;
    }
    const { line, record } = row;
    while (record.length > header.length && record.at(-1)?.trim() === "") record.pop();
    // Files that were put together have it again.
    if (isRepeated(header, record)) continue;
    if (record.length !== header.length) {
      yield { ok: false, line, reason: `has ${record.length} fields where the header has ${header.length}` };
      continue;
    }
    const fields = header.map(
      (heading, index) => [heading === "" ? `column ${index + 1}` : heading, record[index] ?? null] as const,
    );
    yield { line, ...admitLead(fields) };
  }
}

type CsvRecord = { readonly line: number; readonly record: string[] };
type CsvFault = { readonly line: number; readonly reason: string };

/** csv-parse stops at a broken quote, so the reading begins again on the line after the record that has it. */
function* readRecords(text: string, delimiter: string, firstLine: number): Generator<CsvRecord | CsvFault> {
  let rest = text;
  let line = firstLine;
  for (let restarts = 0; rest !== ""; restarts++) {
    let consumed = 0;
    let fault: CsvFault | undefined;
    const records: CsvRecord[] = [];
    try {
      parse(rest, {
        delimiter,
        record_delimiter: "\n",
        info: true,
        raw: true,
        relax_column_count: true,
        on_record: (item: unknown) => {
          const { record, raw } = item as RawRecord;
          if (record.some((field) => field.trim() !== "")) records.push({ line, record });
          line += countLines(raw);
          consumed += raw.length;
          return null;
        },
      });
      consumed = rest.length;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      fault = { line, reason: faults[error.code] ?? "cannot be read as CSV" };
    }
    yield* records;
    if (fault === undefined) return;
    yield fault;
    if (restarts === maxRestarts) {
      yield {
        line: line + 1,
        reason: `and what follows is not read: more than ${maxRestarts} broken quotes`,
      };
      return;
    }
    const next = rest.indexOf("\n", consumed);
    rest = next === -1 ? "" : rest.slice(next + 1);
    line++;
  }
}

const faults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and never closed",
  INVALID_OPENING_QUOTE: "a quote stands inside a field that is not quoted",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote",
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: "text follows a closing quote",
};

/** The separator in a first line such as `sep=;`, which spreadsheets write and read, and the length of that line. */
function declaredDelimiter(
  text: string,
): { readonly delimiter: string; readonly length: number } | undefined {
  const found = /^"?sep=([^\n])"?[^\S\n]*(?:\n|$)/iu.exec(text);
  return found?.[1] === undefined ? undefined : { delimiter: found[1], length: found[0].length };
}

function isRepeated(header: readonly string[], record: readonly string[]): boolean {
  return record.length === header.length && record.every((field, index) => field.trim() === header[index]);
}

/** The separator that the first line holds most of, outside quotes; the comma when there is none. */
export function detectDelimiter(text: string): string {
  const first = /^[^\n]*/.exec(text.replace(/^\s+/, ""))?.[0].replace(/"[^"]*"/g, "") ?? "";
  const counts = [",", ";", "\t", "|"].map((mark) => ({ mark, count: first.split(mark).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).mark;
}

function requireColumns(header: readonly string[], source: string): void {
  const fields = new Set(header.map(fieldOfColumn));
  const missing = (["id", "email", "message"] as const).filter((field) => !fields.has(field));
  if (missing.length > 0) {
    throw noHeader(source, `its first line has no column for ${missing.join(", ")}`);
  }
}

function noHeader(source: string, why: string): InputError {
  return new InputError(
    `${source} cannot be read as leads: ${why}. Give JSONL, a JSON array, or CSV with a header such as id,email,company,message.`,
  );
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
