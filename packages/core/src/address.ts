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
