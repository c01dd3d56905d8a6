import type { JsonObject, JsonValue } from "@relevo/core";
import { isObject } from "./source.ts";

/** The names under which SDKs and applications keep the time of a message. */
export const timeNames: readonly string[] = ["createdAt", "created_at", "timestamp", "createTime", "created"];
/** The objects of an item that may hold one. */
const holders: readonly string[] = ["metadata", "data", "kwargs", "response_metadata", "additional_kwargs"];

/** The time of an item, of its own fields first, and the field of the item that it was read from. */
export function timeOf(item: JsonObject): { readonly at?: number; readonly name?: string } {
  for (const name of timeNames) {
    const at = Object.hasOwn(item, name) ? parseTime(item[name]) : undefined;
    if (at !== undefined) return { at, name };
  }
  for (const name of holders) {
    const holder = Object.hasOwn(item, name) ? item[name] : undefined;
    const { at } = isObject(holder) ? timeOf(holder) : {};
    if (at !== undefined) return { at };
  }
  return {};
}

/** A number below this is in seconds: as milliseconds it would be before March 1973. */
const firstMilliseconds = 1e11;
const isoTime = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?$/;

/**
 * Milliseconds since the epoch of a time in seconds, in milliseconds, or in ISO 8601. A text without a zone is taken for
 * UTC: in the zone of the machine, a second run elsewhere would give other times.
 */
export function parseTime(value: JsonValue | undefined): number | undefined {
  if (typeof value === "number") return inRange(Math.abs(value) < firstMilliseconds ? value * 1000 : value);
  const match = typeof value === "string" && value.length <= 40 ? isoTime.exec(value) : null;
  if (match === null || typeof value !== "string") return undefined;
  const [, clock, , , , zone] = match;
  if (clock === undefined) return inRange(Date.parse(value));
  const local = zone === undefined ? value : value.slice(0, -(match[4] ?? "").length);
  return inRange(Date.parse(`${local.replace(" ", "T")}${zoneOf(zone)}`));
}

/** PostgreSQL writes `+00`, which `Date.parse` does not read. */
function zoneOf(zone: string | undefined): string {
  if (zone === undefined || zone === "Z") return "Z";
  const digits = zone.replace(":", "");
  return `${digits.slice(0, 3)}:${digits.slice(3) || "00"}`;
}

function inRange(time: number): number | undefined {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? Math.round(time) : undefined;
}

/** A copy in which dates are texts, where times are looked for; the item itself when there is none. */
export function withIsoTimes(item: unknown, depth = 0): unknown {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
  const record = item as Readonly<Record<string, unknown>>;
  let copy: Record<string, unknown> | undefined;
  for (const name of depth === 2 ? timeNames : [...timeNames, ...holders]) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    const converted =
      value instanceof Date && !Number.isNaN(value.getTime())
        ? value.toISOString()
        : depth < 2 && !(value instanceof Date)
          ? withIsoTimes(value, depth + 1)
          : value;
    if (converted !== value) copy = { ...(copy ?? record), [name]: converted };
  }
  return copy ?? item;
}
