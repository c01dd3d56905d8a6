/** Names one session. The tenant is the isolation boundary: nothing crosses it. */
export interface SessionAddress {
  readonly tenant: string;
  readonly session: string;
}

/**
 * Names one document. With `session`, the document belongs to that session: it shares the session's lifetime,
 * deletion and fence. Without, it stands alone. The two never meet, whatever their namespaces.
 */
export interface DocumentAddress {
  readonly tenant: string;
  readonly session?: string;
  readonly namespace: readonly string[];
  readonly key: string;
}

/** Where a `find` looks: the documents of one session, or those of the tenant that stand alone. */
export interface DocumentScope {
  readonly tenant: string;
  readonly session?: string;
}

/**
 * What is written atomically, and read at one moment: a session with its documents, or all documents that stand alone and
 * belong to one owner, which are those whose namespaces share their first two elements. A namespace of one element is
 * an owner by itself.
 */
export type Unit =
  | { readonly tenant: string; readonly session: string }
  | { readonly tenant: string; readonly owner: readonly string[] };

/**
 * The unit that a document belongs to. `putMany` and `deleteMany` take documents of one unit.
 *
 * @example
 * ```ts
 * import { unitOf } from "@relevo/core";
 *
 * const unit = unitOf({ tenant: "acme", namespace: ["users", "u1", "history"], key: "name" });
 * console.log(unit); // { tenant: "acme", owner: ["users", "u1"] }
 * ```
 */
export function unitOf({ tenant, session, namespace }: DocumentAddress): Unit {
  return session === undefined ? { tenant, owner: namespace.slice(0, 2) } : { tenant, session };
}
