import type { JsonValue } from "@relevo/core";
import { z } from "zod";
import type { Lead } from "../lead.ts";
import { fieldOfColumn, type LeadField } from "./columns.ts";

/** Longest texts that a row may carry, in UTF-16 units. */
export const rowLimits = { message: 20_000, field: 500, extraBytes: 50_000 } as const;

/** A checked lead, or the reason why the row is none, in words that say which field to mend. */
export type Admission =
  | { readonly ok: true; readonly lead: Lead }
  | { readonly ok: false; readonly reason: string; readonly id?: string };

const text = (limit: number) =>
  z
    .string({ error: (issue) => `must be text, not ${kindOf(issue.input)}` })
    .trim()
    .max(limit, { error: `is longer than ${limit} characters` })
    // A store refuses half a surrogate pair and NUL; better to say so here, with a line number.
    .refine((value) => !/\0|\p{Cs}/u.test(value), {
      error: ({ input }) => `holds ${nameOf(input, /\0|\p{Cs}/u)}, which is no text`,
    });

const required = (limit: number) => text(limit).min(1, { error: "is empty" });
/** What a lead is known by must be what the file said. */
const exact = (limit: number) =>
  required(limit).refine((value) => !value.includes("\ufffd"), {
    error: "holds U+FFFD, which stands for a character that was lost",
  });
const optionalText = text(rowLimits.field).optional();
const amount = z
  .union([z.number(), text(rowLimits.field)], {
    error: (issue) => `must be text or a number, not ${kindOf(issue.input)}`,
  })
  .optional();

const leadSchema = z.object({
  id: z.preprocess((value) => (typeof value === "number" ? String(value) : value), exact(200)),
  email: exact(254)
    .refine((value) => emailForm.test(value), { error: "is not an e-mail address", abort: true })
    // Two addresses that look the same must be the same.
    .refine((value) => !invisible.test(value), {
      error: ({ input }) => `holds ${nameOf(input, invisible)}, which is not seen`,
    }),
  message: required(rowLimits.message),
  company: optionalText,
  name: optionalText,
  role: optionalText,
  companySize: amount,
  budget: amount,
  country: optionalText,
});

// One @, a dot in the domain, nothing that a mail header or a terminal would read as more than an address.
const emailForm = /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()[\]\\,;:"\p{Cc}]+\.[^\s@<>()[\]\\,;:".\p{Cc}]{2,}$/u;
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Sorts a row's fields into a lead's own and `extra`, then checks them. An empty field is an absent one. Of several
 * fields that mean the same, whatever they are called, the first that holds something counts; the others are kept in
 * `extra`, under names of their own.
 */
export function admitLead(row: Iterable<readonly [name: string, value: JsonValue]>): Admission {
  const fields: Partial<Record<LeadField, JsonValue>> = {};
  const extra = new Map<string, JsonValue>();
  const nextNumber = new Map<string, number>();
  for (const [name, value] of row) {
    if (isBlank(value)) continue;
    const field = fieldOfColumn(name);
    if (field === undefined || fields[field] !== undefined)
      extra.set(freeName(name, extra, nextNumber), value);
    else fields[field] = value;
  }
  const id =
    typeof fields.id === "string" || typeof fields.id === "number" ? String(fields.id).trim() : undefined;
  const refused = (reason: string): Admission =>
    id === undefined || id === "" ? { ok: false, reason } : { ok: false, reason, id };
  for (const field of ["id", "email", "message"] as const) {
    if (fields[field] === undefined) return refused(`${field} is missing`);
  }
  const parsed = leadSchema.safeParse(fields);
  if (!parsed.success) {
    return refused(parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; "));
  }
  // A column called `__proto__` becomes a member here, not a prototype.
  const others = Object.fromEntries(extra);
  if (Buffer.byteLength(JSON.stringify(others)) > rowLimits.extraBytes)
    return refused(`other fields are larger than ${rowLimits.extraBytes} bytes`);
  const entries = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return {
    ok: true,
    lead: { ...(Object.fromEntries(entries) as Omit<Lead, "extra">), extra: others },
  };
}

/** The name, or where it is taken the name with the next number: `Phone`, `Phone (2)`. */
function freeName(
  name: string,
  taken: ReadonlyMap<string, unknown>,
  nextNumber: Map<string, number>,
): string {
  if (!taken.has(name)) return name;
  let number = nextNumber.get(name) ?? 2;
  while (taken.has(`${name} (${number})`)) number++;
  nextNumber.set(name, number + 1);
  return `${name} (${number})`;
}

/** Nothing that a reader could see. */
function isBlank(value: JsonValue): boolean {
  return (
    value === null ||
    (typeof value === "string" && /^[\s\p{Cf}\p{Default_Ignorable_Code_Point}]*$/u.test(value))
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a${typeof value === "object" ? "n" : ""} ${typeof value}`;
}

/** The first character that matches, by its code point. */
function nameOf(input: unknown, pattern: RegExp): string {
  const code = pattern.exec(String(input))?.[0].codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
