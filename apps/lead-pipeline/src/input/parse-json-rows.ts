import type { LeadRow } from "../lead.ts";
import { admitLead } from "./admit-lead.ts";
import { InputError } from "./input-error.ts";
import { JsonSyntaxError } from "./json-tokens.ts";
import { type JsonRow, parseJsonText } from "./parse-json-text.ts";

/**
 * The leads of JSON text: an array of objects, one object, or several one behind another, on a line each (JSONL) or
 * over several lines. Where the text as a whole is not JSON it is read as JSONL: blank lines are skipped, a broken
 * line is reported and the next one read.
 *
 * @throws `InputError` with line and column when no line is an object by itself either.
 */
export function parseJsonRows(text: string, source: string): readonly LeadRow[] {
  try {
    return parseJsonText(text, "elements").map(admitRow);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const lines = parseJsonLines(text);
    if (lines.some((row) => "content" in row && "members" in row.content)) {
      return lines.map((row) => ("content" in row ? admitRow(row) : row));
    }
    throw new InputError(
      `${source} is not valid JSON: on line ${error.line}, column ${error.column}, ${error.message}.`,
    );
  }
}

/** Split by line feed only: JSON strings may hold U+2028 and other separators unescaped. */
function parseJsonLines(text: string): readonly (JsonRow | Refused)[] {
  return text.split("\n").flatMap((raw, index): readonly (JsonRow | Refused)[] => {
    const line = index + 1;
    try {
      return parseJsonText(raw, "values").map((row) => ({ ...row, line }));
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      const reason = `not valid JSON: ${error.message} (column ${error.column})`;
      return [{ ok: false, line, reason }];
    }
  });
}

type Refused = Extract<LeadRow, { readonly ok: false }>;

function admitRow({ line, element, content }: JsonRow): LeadRow {
  const place = element === undefined ? { line } : { line, element };
  if ("members" in content) return { ...place, ...admitLead(content.members) };
  return { ...place, ok: false, reason: `a lead must be an object, not ${kindOf(content.value)}` };
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
