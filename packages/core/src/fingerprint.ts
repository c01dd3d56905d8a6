import { hash } from "node:crypto";
import { MemoryError } from "./memory-error.ts";

/**
 * The text that equal requests share: keys in order, values of `undefined` left out as `JSON.stringify` does.
 *
 * @throws `invalid-input` for a value that JSON cannot carry.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object") {
    let text = "";
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record).sort()) {
      const item = record[key];
      if (item === undefined) continue;
      text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(item)}`;
    }
    return `{${text}}`;
  }
  throw new MemoryError("invalid-input", `A ${typeof value} cannot be part of a request's fingerprint.`);
}

/**
 * SHA-256 over the canonical JSON of a request, base64url. Take it of what the caller asked for, before ids, times
 * and sequence numbers are added: a retry must give the same fingerprint.
 */
export function fingerprint(request: unknown): string {
  return hash("sha256", canonicalJson(request), "base64url");
}
