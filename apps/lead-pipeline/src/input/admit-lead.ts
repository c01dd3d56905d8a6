import type { JsonObject } from "@relevo/core";
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
    // A store refuses half a surrogate pair and NUL in an address; better to say so here, with a line number.
    .refine((value) => value.isWellFormed() && !value.includes("\0"), { error: "is not valid Unicode text" });

const required = (limit: number) => text(limit).min(1, { error: "is empty" });
const optionalText = text(rowLimits.field).optional();
const amount = z
  .union([z.number(), text(rowLimits.field)], {
    error: (issue) => `must be text or a number, not ${kindOf(issue.input)}`,
  })
  .optional();

const leadSchema = z.object({
  id: z.preprocess((value) => (typeof value === "number" ? String(value) : value), required(200)),
  email: required(254).refine((value) => emailForm.test(value), { error: "is not an e-mail address" }),
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

/** Sorts a row's fields into a lead's own and `extra`, then checks them. An empty optional field is an absent one. */
export function admitLead(row: unknown): Admission {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    return { ok: false, reason: `a lead must be an object, not ${kindOf(row)}` };
  }
  const fields: Partial<Record<LeadField, unknown>> = {};
  const extra: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(row)) {
    const field = fieldOfColumn(key);
    if (field === undefined || fields[field] !== undefined) {
      // Of two columns for one field the first that holds something is the field.
      if (!isBlank(value)) defineOwn(extra, key, value);
    } else if (!isBlank(value)) fields[field] = value;
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
  const size = Buffer.byteLength(JSON.stringify(extra));
  if (size > rowLimits.extraBytes)
    return refused(`other fields are larger than ${rowLimits.extraBytes} bytes`);
  const entries = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return {
    ok: true,
    lead: { ...(Object.fromEntries(entries) as Omit<Lead, "extra">), extra: extra as JsonObject },
  };
}

/** A column called `__proto__` must become a column, not a prototype. */
function defineOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a${typeof value === "object" ? "n" : ""} ${typeof value}`;
}
