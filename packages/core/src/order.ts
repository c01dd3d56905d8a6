/**
 * Compares strings as their UTF-8 bytes compare, which is by code point. JavaScript's `<` compares UTF-16 units and
 * puts U+1F600 before U+FF5E; databases with a `C` collation and Redis do not.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** Surrogates rank above every other unit: what they encode lies beyond U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Element by element; a namespace comes before those that it is a prefix of. */
export function compareNamespaces(left: readonly string[], right: readonly string[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const order = compareUtf8(left[index] ?? "", right[index] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/**
 * One string whose order is that of (namespace elements, key) and whose prefixes are those of the namespace. Works
 * because admitted ids hold no NUL: NUL NUL ends the namespace, NUL 0x01 ends an element before another.
 */
export function documentSortKey(namespace: readonly string[], key: string): string {
  return `${namespaceSortPrefix(namespace)}\0${key}`;
}

/** What the sort keys of every document at or below this namespace begin with. */
export function namespaceSortPrefix(namespace: readonly string[]): string {
  return namespace.length === 0 ? "" : `${namespace.join("\0\u0001")}\0`;
}

/** An injective map key for a session. */
export function sessionKey(tenant: string, session: string): string {
  return `${tenant}\0${session}`;
}
