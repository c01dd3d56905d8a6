import type { DocumentAddress, DocumentScope, SessionAddress } from "../address.ts";
import type { Limits } from "../limits.ts";
import { compareUtf8 } from "../order.ts";
import { refuse, tooLarge } from "./refuse.ts";

/** Any non-empty Unicode text within the limit. No character has a meaning; none is escaped, cut or folded. */
export function admitId(input: unknown, field: string, limits: Limits): string {
  if (typeof input !== "string")
    throw refuse(field, `must be a string, not ${input === null ? "null" : typeof input}.`);
  if (input.length === 0) throw refuse(field, "must not be empty.");
  // A string of n units has at least n bytes, so a huge one is refused before it is measured.
  const bytes = input.length > limits.idBytes ? input.length : Buffer.byteLength(input, "utf8");
  if (bytes > limits.idBytes) throw tooLarge(field, "idBytes", limits.idBytes, bytes);
  if (input.includes("\0")) throw refuse(field, "must not hold a NUL character.");
  if (!input.isWellFormed()) throw refuse(field, "must not hold half of a surrogate pair.");
  return input;
}

export function admitOptionalId(input: unknown, field: string, limits: Limits): string | undefined {
  return input === undefined ? undefined : admitId(input, field, limits);
}

export function admitTenant(input: unknown, limits: Limits): string {
  return admitId(input, "tenant", limits);
}

export function admitSessionAddress(address: SessionAddress, limits: Limits): SessionAddress {
  requireObject(address, "address");
  const tenant = admitTenant(address.tenant, limits);
  const session = admitId(address.session, "session", limits);
  requireAddressBytes(limits, tenant, session);
  return { tenant, session };
}

export function admitDocumentScope(scope: DocumentScope, limits: Limits): DocumentScope {
  requireObject(scope, "scope");
  const tenant = admitTenant(scope.tenant, limits);
  if (scope.session === undefined) return { tenant };
  return { tenant, session: admitId(scope.session, "session", limits) };
}

export function admitDocumentAddress(address: DocumentAddress, limits: Limits): DocumentAddress {
  const scope = admitDocumentScope(address, limits);
  const namespace = admitNamespace(address.namespace, "namespace", limits);
  if (namespace.length === 0) throw refuse("namespace", "must have at least one element.");
  const key = admitId(address.key, "key", limits);
  requireAddressBytes(limits, scope.tenant, scope.session ?? "", ...namespace, key);
  return { ...scope, namespace, key };
}

/** A namespace or a prefix of one; empty means everything, and only a filter may be. */
export function admitNamespace(input: unknown, field: string, limits: Limits): readonly string[] {
  if (!Array.isArray(input)) throw refuse(field, "must be an array of strings.");
  if (input.length > limits.namespaceElements) {
    throw tooLarge(field, "namespaceElements", limits.namespaceElements, input.length);
  }
  return Object.freeze(Array.from(input, (element, index) => admitId(element, `${field}[${index}]`, limits)));
}

/** A set of tags: sorted as UTF-8 bytes, each once. */
export function admitTags(input: unknown, field: string, limits: Limits): readonly string[] {
  if (input === undefined) return noTags;
  if (!Array.isArray(input)) throw refuse(field, "must be an array of strings.");
  if (input.length > limits.tags) throw tooLarge(field, "tags", limits.tags, input.length);
  const tags = new Set(Array.from(input, (tag, index) => admitId(tag, `${field}[${index}]`, limits)));
  return Object.freeze([...tags].sort(compareUtf8));
}

const noTags: readonly string[] = Object.freeze([]);

export function requireObject(input: unknown, field: string): asserts input is object {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw refuse(field, "must be an object.");
}

/** A misspelt field would be lost without a word, so an unknown one is refused. */
export function requireKnownFields(input: object, field: string, known: ReadonlySet<string>): void {
  for (const key of Object.keys(input)) {
    if (!known.has(key)) {
      throw refuse(
        `${field}.${key.slice(0, 64)}`,
        `is not a field of ${field}. Known: ${[...known].join(", ")}.`,
      );
    }
  }
}

function requireAddressBytes(limits: Limits, ...parts: readonly string[]): void {
  let units = 0;
  for (const part of parts) units += part.length;
  // At most three bytes a unit: most addresses are known to fit without being measured.
  if (units * 3 <= limits.addressBytes) return;
  const bytes = parts.reduce((sum, part) => sum + Buffer.byteLength(part, "utf8"), 0);
  if (bytes > limits.addressBytes) throw tooLarge("address", "addressBytes", limits.addressBytes, bytes);
}
