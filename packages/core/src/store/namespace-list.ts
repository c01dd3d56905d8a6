import { namespaceSortPrefix } from "../order.ts";

/** The place of the first namespace that begins with the elements of the prefix before its first `*`. */
export function namespaceListStart(prefix: readonly string[]): string {
  const wildcard = prefix.indexOf("*");
  return namespaceSortPrefix(wildcard < 0 ? prefix : prefix.slice(0, wildcard));
}

/** Whether the walk is still among those namespaces: they stand side by side. */
export function beginsLikePattern(namespace: readonly string[], prefix: readonly string[]): boolean {
  const wildcard = prefix.indexOf("*");
  return (wildcard < 0 ? prefix : prefix.slice(0, wildcard)).every(
    (element, index) => element === namespace[index],
  );
}

/** The place behind a listed namespace: behind all below it too, when they were cut to it. */
export function placeBehindNamespace(namespace: readonly string[], maxDepth: number): string {
  const end = namespace.length >= maxDepth ? "\u0002" : "\u0001";
  return `${namespaceSortPrefix(namespace)}${end}`;
}

/** Whether the namespace begins and ends with these elements; `*` stands for any one. */
export function matchesNamespace(
  namespace: readonly string[],
  prefix: readonly string[],
  suffix: readonly string[],
): boolean {
  if (namespace.length < prefix.length || namespace.length < suffix.length) return false;
  const start = namespace.length - suffix.length;
  return (
    prefix.every((element, index) => element === "*" || element === namespace[index]) &&
    suffix.every((element, index) => element === "*" || element === namespace[start + index])
  );
}
