import type { LeadRow } from "../lead.ts";
import { admitLead } from "./admit-lead.ts";
import { InputError } from "./input-error.ts";

/** JSONL: one object a line; blank lines are skipped, a broken line is reported and the next one read. */
export function* parseJsonLines(text: string): Generator<LeadRow> {
  let line = 0;
  // Split by line feed only: JSON strings may hold U+2028 and other separators unescaped.
  for (const raw of text.split("\n")) {
    line++;
    if (raw.trim() === "") continue;
    let row: unknown;
    try {
      row = JSON.parse(raw);
    } catch (error) {
      yield { ok: false, line, reason: `not valid JSON: ${describe(error)}` };
      continue;
    }
    yield { line, ...admitLead(row) };
  }
}

/** A JSON array of objects. Its `line` is the number of the element, which is all that JSON tells. */
export function* parseJsonArray(text: string, source: string): Generator<LeadRow> {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${source} begins like a JSON array but is not valid JSON: ${describe(error)}`);
  }
  if (!Array.isArray(rows))
    throw new InputError(`${source} is JSON, but neither an array nor one object a line.`);
  for (const [index, row] of rows.entries()) yield { line: index + 1, ...admitLead(row) };
}

/** V8 quotes the source in its message, line breaks and escapes included; a short plain form is enough. */
function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/, (?:\.\.\.)?".*$/su, "")
    .replace(/\s+/g, " ")
    .slice(0, 120);
}
