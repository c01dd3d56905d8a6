import { MemoryError } from "@relevo/core";

/** The number that `asText` sent. @throws `corrupt` for one that JavaScript cannot hold exactly. */
export function exactNumber(text: string): number {
  const number = Number(text);
  if (typeof text !== "string" || text === "" || !Number.isSafeInteger(number)) {
    throw new MemoryError("corrupt", "A stored number is out of range. Somebody has changed the table.");
  }
  return number;
}

/** As `exactNumber`, of a column that may be null. */
export function exactOrNull(text: string | null): number | null {
  return text === null ? null : exactNumber(text);
}
