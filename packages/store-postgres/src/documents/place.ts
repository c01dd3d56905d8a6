/** Where a document stands in the order: what the column `place` holds, as hexadecimal digits. They sort alike. */
export function placeOf(sortKey: string): string {
  return Buffer.from(sortKey, "utf8").toString("hex");
}

/** A part of the order: from `low` on, before `high`. */
export interface PlaceRange {
  readonly low: string;
  readonly high: string | undefined;
}

/** What the place of a document says. */
export function addressAt(place: string): { readonly namespace: readonly string[]; readonly key: string } {
  const sortKey = Buffer.from(place, "hex").toString("utf8");
  const end = sortKey.indexOf("\0\0");
  return {
    namespace: Object.freeze(sortKey.slice(0, end).split("\0\u0001")),
    key: sortKey.slice(end + 2),
  };
}
