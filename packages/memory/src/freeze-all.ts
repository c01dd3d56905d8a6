/** Freezes the value and all that it holds. What is frozen already is not looked into: a store froze it as a whole. */
export function freezeAll(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const item of Object.values(value)) freezeAll(item);
}
