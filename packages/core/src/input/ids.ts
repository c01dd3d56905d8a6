import type { DocumentAddress, DocumentScope, SessionAddress } from "../address.ts";
import type { Limits } from "../limits.ts";
import { compareUtf8 } from "../order.ts";
import {
  isArray,
  readInput,
  requirePlainObject,
  undefinedSelector,
  unknownField,
  unreadable,
} from "./fields.ts";
import { isLength, notLength } from "./read-array.ts";
import { refuse, tooLarge } from "./refuse.ts";

/** Any non-empty Unicode text within the limit. No character has a meaning; none is escaped, cut or folded. */
export function admitId(input: unknown, field: string, limits: Limits): string {
  // Nearly every id is plain and short, and known to be good after one loop.
  if (typeof input === "string" && isPlainId(input) && input.length <= limits.idBytes) return input;
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

/** True for 1 to 64 characters of ASCII that are no control characters; false says nothing. */
function isPlainId(text: string): boolean {
  const length = text.length;
  if (length === 0 || length > 64) return false;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

export function admitOptionalId(input: unknown, field: string, limits: Limits): string | undefined {
  return input === undefined ? undefined : admitId(input, field, limits);
}

export function admitTenant(input: unknown, limits: Limits, field: string = "tenant"): string {
  return admitId(input, field, limits);
}

// Addresses are admitted with every call. Their names are compared by hand and their fields read without a copy, each
// once: that takes half the time of `admitFields`, and refuses the same.

const sessionNames: FieldNames<SessionAddress> = ["tenant", "session"];
const documentNames: FieldNames<DocumentAddress> = ["tenant", "session", "namespace", "key"];

export function admitSessionAddress(address: SessionAddress, limits: Limits): SessionAddress {
  requirePlainObject(address, "address");
  let given: { readonly tenant: unknown; readonly session: unknown };
  try {
    for (const name in address) {
      if (name !== "tenant" && name !== "session") refuseOwn(address, name, "address", sessionNames);
    }
    given = { tenant: address.tenant, session: address.session };
  } catch (cause) {
    throw unreadable("address", cause);
  }
  const tenant = admitTenant(given.tenant, limits);
  const session = admitId(given.session, "session", limits);
  if ((tenant.length + session.length) * 3 > limits.addressBytes)
    requireAddressBytes(limits, [tenant, session]);
  return { tenant, session };
}

export function admitDocumentScope(scope: DocumentScope, limits: Limits): DocumentScope {
  requirePlainObject(scope, "scope");
  let given: { readonly tenant: unknown; readonly session: unknown };
  try {
    for (const name in scope) {
      if (name !== "tenant" && name !== "session") refuseOwn(scope, name, "scope", sessionNames);
    }
    given = { tenant: scope.tenant, session: scope.session };
  } catch (cause) {
    throw unreadable("scope", cause);
  }
  const tenant = admitTenant(given.tenant, limits);
  const session = admitSessionPart(scope, given.session, "scope", limits);
  return session === undefined ? { tenant } : { tenant, session };
}

export function admitDocumentAddress(address: DocumentAddress, limits: Limits): DocumentAddress {
  requirePlainObject(address, "address");
  let given: { readonly [Name in keyof DocumentAddress]-?: unknown };
  try {
    for (const name in address) {
      if (name !== "tenant" && name !== "session" && name !== "namespace" && name !== "key")
        refuseOwn(address, name, "address", documentNames);
    }
    given = {
      tenant: address.tenant,
      session: address.session,
      namespace: address.namespace,
      key: address.key,
    };
  } catch (cause) {
    throw unreadable("address", cause);
  }
  const tenant = admitTenant(given.tenant, limits);
  const session = admitSessionPart(address, given.session, "address", limits);
  const namespace = admitNamespace(given.namespace, "namespace", limits);
  if (namespace.length === 0) throw refuse("namespace", "must have at least one element.");
  const key = admitId(given.key, "key", limits);
  let units = tenant.length + (session?.length ?? 0) + key.length;
  for (const element of namespace) units += element.length;
  // At most three bytes a unit: most addresses are known to fit without being measured.
  if (units * 3 > limits.addressBytes)
    requireAddressBytes(limits, [tenant, session ?? "", key, ...namespace]);
  return session === undefined ? { tenant, namespace, key } : { tenant, session, namespace, key };
}

type FieldNames<Fields> = readonly (keyof Fields & string)[];

function refuseOwn(input: object, name: string, field: string, known: readonly string[]): void {
  if (Object.hasOwn(input, name)) throw unknownField(name, field, known);
}

/**
 * A session that is undefined by mistake would stand for the documents that belong to no session, and one that only a
 * polluted prototype has would turn those into documents of that session.
 */
function admitSessionPart(
  input: object,
  session: unknown,
  field: string,
  limits: Limits,
): string | undefined {
  if (!readInput(field, () => Object.hasOwn(input, "session"))) return undefined;
  if (session === undefined) throw undefinedSelector(`${field}.session`);
  return admitId(session, "session", limits);
}

/** A namespace or a prefix of one; empty means everything, and only a filter may be. */
export function admitNamespace(input: unknown, field: string, limits: Limits): readonly string[] {
  return Object.freeze(admitIds(input, field, "namespaceElements", limits));
}

/** A set of tags: sorted as UTF-8 bytes, each once. */
export function admitTags(input: unknown, field: string, limits: Limits): readonly string[] {
  if (input === undefined) return noTags;
  const tags = admitIds(input, field, "tags", limits);
  return Object.freeze(tags.length < 2 ? tags : [...new Set(tags)].sort(compareUtf8));
}

/** As `readArray`, without a copy in between: every address has a namespace. */
function admitIds(
  input: unknown,
  field: string,
  limitName: "namespaceElements" | "tags",
  limits: Limits,
): string[] {
  if (!isArray(input, field)) throw refuse(field, "must be an array of strings.");
  try {
    const length: unknown = input.length;
    if (!isLength(length)) throw refuse(field, notLength);
    if (length > limits[limitName]) throw tooLarge(field, limitName, limits[limitName], length);
    const ids: string[] = [];
    for (let index = 0; index < length; index++) {
      const id = input[index];
      const plain = typeof id === "string" && isPlainId(id) && id.length <= limits.idBytes;
      // The name of the field is put together only for an id that needs a closer look.
      ids.push(plain ? id : admitId(id, `${field}[${index}]`, limits));
    }
    return ids;
  } catch (cause) {
    throw unreadable(field, cause);
  }
}

const noTags: readonly string[] = Object.freeze([]);

/** Whoever asks for a fork, or for an archive, names no address. */
const addressParts =
  "Its tenant, session, namespace and key count together: give shorter ids to tenants, sessions, agents, people or keys.";

function requireAddressBytes(limits: Limits, parts: readonly string[]): void {
  const bytes = parts.reduce((sum, part) => sum + Buffer.byteLength(part, "utf8"), 0);
  if (bytes > limits.addressBytes)
    throw tooLarge("address", "addressBytes", limits.addressBytes, bytes, addressParts);
}
