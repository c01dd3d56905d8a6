/** Size of an object as JSON in UTF-8 bytes; nothing for an empty one. */
export function jsonSize(value: object): number {
  return Object.keys(value).length === 0 ? 0 : Buffer.byteLength(JSON.stringify(value), "utf8");
}
