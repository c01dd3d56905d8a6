const form = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/u;
const maxLength = 40;
/** Packages of these names exist beside the stores, and are none. */
const taken: ReadonlySet<string> = new Set(["conformance", "layers"]);

/** What is wrong with the name of a store, `undefined` when nothing is. */
export function nameProblem(name: string): string | undefined {
  if (!form.test(name)) {
    return `"${name}" is no name for a store: small letters, digits and single hyphens, a letter first, such as "redis" or "cloudflare-kv".`;
  }
  if (name.startsWith("store-")) return `Leave "store-" out: the package becomes packages/store-NAME.`;
  if (name.length > maxLength) return `"${name}" is longer than ${maxLength} characters.`;
  if (taken.has(name)) return `packages/store-${name} is not a store and the name is taken.`;
  return undefined;
}

/** `cloudflare-kv` as it stands in the names of types and functions: `CloudflareKv`. */
export function pascalCase(name: string): string {
  return name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
