import type { SearchSource } from "@relevo/core";

export interface Placed {
  readonly source: SearchSource;
  readonly position: number;
}

/**
 * A total order of items that does not depend on the index: by session, by namespace and key, then by position. Ids are
 * compared by UTF-16 units.
 */
export function compareSources(left: Placed, right: Placed): number {
  return compareTexts(nameOf(left.source), nameOf(right.source)) || left.position - right.position;
}

/** Admitted ids hold no NUL. */
function nameOf(source: SearchSource): string {
  if (source.kind === "event") return `${source.session}\0`;
  return [source.session ?? "", "", ...source.namespace, "", source.key].join("\0");
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
