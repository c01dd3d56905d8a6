/** A tenant's data lies in this many hash slots: enough to spread over a Cluster, few enough to list by a merge. */
export const buckets = 16;

/**
 * Keys of one unit share a hash tag, `{tenant:bucket}`, and so a slot; which bucket is decided by a hash of the
 * session's id, or of a namespace. Ids are percent-encoded: no id can hold `{`, `}` or `:`, and so reach another's key.
 */
export interface Keys {
  readonly prefix: string;
  /** The tenants that have data, or had some a day ago. */
  readonly tenants: string;
  /** When they were last registered. */
  readonly tenantsSeen: string;
  session(tenant: string, session: string): SessionKeys;
  bucket(tenant: string, bucket: number): BucketKeys;
}

/** The keys of one session. `all` has them in the order in which scripts take them. */
export interface SessionKeys {
  /** The events, and behind the newest one the head. */
  readonly log: string;
  /** Operations by id, of this incarnation and of ended ones; younger than a day. */
  readonly operations: string;
  /** Operations of the day before. */
  readonly olderOperations: string;
  /** Two bytes an event: what filters look at. */
  readonly columns: string;
  readonly lease: string;
  /** What events repeat, by their seq, and under the empty field what was removed from the log. */
  readonly derived: string;
  readonly documents: readonly [hash: string, order: string, tags: string, expiring: string];
  readonly all: readonly string[];
  readonly bucket: number;
}

/** Keys that all sessions and namespaces of a bucket share. */
export interface BucketKeys {
  /** Ids of sessions, in their order. */
  readonly sessions: string;
  /** Subject and id of sessions that have an owner, in their order. */
  readonly subjects: string;
  /** Ids of sessions that may expire, by a time that is not after it. */
  readonly expiring: string;
  /** Ids of sessions with documents that expire, by when the next of them does. */
  readonly documentsDue: string;
  /** Documents that stand alone: by sort key, in their order, by tag, by expiry. */
  readonly documents: readonly [hash: string, order: string, tags: string, expiring: string];
}

export function createKeys(prefix: string): Keys {
  const bucketKeys = (tenant: string, bucket: number): BucketKeys & { readonly base: string } => {
    const base = `{${prefix}:${encodeURIComponent(tenant)}:${bucket}}`;
    return {
      base,
      sessions: `${base}:sessions`,
      subjects: `${base}:subjects`,
      expiring: `${base}:expiring`,
      documentsDue: `${base}:docs:due`,
      documents: [`${base}:docs`, `${base}:docs:order`, `${base}:docs:tags`, `${base}:docs:expiring`],
    };
  };
  return {
    prefix,
    tenants: `${prefix}:tenants`,
    // In the slot of the other.
    tenantsSeen: `{${prefix}:tenants}:seen`,
    bucket: bucketKeys,
    session(tenant, session) {
      const bucket = bucketOf(session);
      const shared = bucketKeys(tenant, bucket);
      const base = `${shared.base}:s:${encodeURIComponent(session)}`;
      const log = `${base}:log`;
      const operations = `${base}:ops`;
      const olderOperations = `${base}:ops2`;
      const columns = `${base}:col`;
      const lease = `${base}:lease`;
      const derived = `${base}:derived`;
      const documents = [
        `${base}:docs`,
        `${base}:docs:order`,
        `${base}:docs:tags`,
        `${base}:docs:expiring`,
      ] as const;
      return {
        log,
        operations,
        olderOperations,
        columns,
        lease,
        derived,
        documents,
        bucket,
        all: [
          log,
          operations,
          olderOperations,
          columns,
          lease,
          derived,
          ...documents,
          shared.sessions,
          shared.subjects,
          shared.expiring,
          `${base}:next`,
          shared.documentsDue,
        ],
      };
    },
  };
}

/** FNV-1a over UTF-16 units: only spread matters here, and every client must agree. */
export function bucketOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits alone depend on the low bits of the text alone.
  return ((hash ^ (hash >>> 15)) >>> 0) % buckets;
}
