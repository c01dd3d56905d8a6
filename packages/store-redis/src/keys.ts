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

/** The keys of documents that lie together: those of one session, or of one bucket. */
export interface DocumentKeys {
  /** By sort key; under the empty field the format, and how many entries the indexes have. */
  readonly documents: string;
  readonly documentOrder: string;
  readonly documentTags: string;
  readonly documentsExpiring: string;
}

/** The keys of documents that stand alone: those of one bucket. */
export interface AloneKeys extends DocumentKeys {
  /** Owners by the position of their newest write, at infinity while it has none. */
  readonly ownerChanges: string;
  /** Operations of document writes by owner and id, two generations. */
  readonly ownerOperations: string;
  readonly olderOwnerOperations: string;
  /** What documents are derived from. */
  readonly ownerSources: string;
}

/** The keys of one session, and those of its bucket, by the names that scripts declare. */
export interface SessionKeys extends DocumentKeys, RegistryKeys {
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
  /** Effective pinned messages and summaries, by seq. */
  readonly landmarks: string;
  /** Where the log is written again. */
  readonly next: string;
  readonly bucket: number;
}

/** What lists the sessions of a bucket. */
export interface RegistryKeys {
  /** Ids of sessions, in their order. */
  readonly sessions: string;
  /** Subject and id of sessions that have an owner, in their order. */
  readonly subjects: string;
  /** Ids of sessions that may expire, by a time that is not after it. */
  readonly expiring: string;
  /** Ids of sessions by their last write, as far as lists have followed the changes, and by a time that none of their events is older than. */
  readonly updated: string;
  readonly created: string;
  /** Ids of sessions by the position of their newest write, at infinity while it has none; of those that have ended, also by itself. */
  readonly changes: string;
  readonly ended: string;
  /** Ids of sessions with documents that expire, by when the next of them does. */
  readonly documentsDue: string;
  /** What documents of sessions are derived from. */
  readonly sessionSources: string;
}

/** Keys that all sessions of a bucket share, and those of its documents that stand alone. */
export interface BucketKeys extends RegistryKeys, AloneKeys {}

export function createKeys(prefix: string): Keys {
  const baseOf = (tenant: string, bucket: number): string =>
    `{${prefix}:${encodeURIComponent(tenant)}:${bucket}}`;
  return {
    prefix,
    tenants: `${prefix}:tenants`,
    // In the slot of the other.
    tenantsSeen: `{${prefix}:tenants}:seen`,
    bucket(tenant, bucket) {
      const base = baseOf(tenant, bucket);
      return {
        ...registryKeys(base),
        ...documentKeys(base),
        ownerChanges: `${base}:owners`,
        ownerOperations: `${base}:owners:ops`,
        olderOwnerOperations: `${base}:owners:ops2`,
        ownerSources: `${base}:docs:sources`,
      };
    },
    session: (tenant, session) => new KeysOfSession(baseOf, tenant, session),
  };
}

/** Keys are made when they are asked for: most calls need five of twenty. */
class KeysOfSession implements SessionKeys {
  readonly bucket: number;
  readonly #shared: string;
  readonly #base: string;

  constructor(baseOf: (tenant: string, bucket: number) => string, tenant: string, session: string) {
    this.bucket = bucketOf(session);
    this.#shared = baseOf(tenant, this.bucket);
    this.#base = `${this.#shared}:s:${encodeURIComponent(session)}`;
  }

  get log(): string {
    return `${this.#base}:log`;
  }
  get operations(): string {
    return `${this.#base}:ops`;
  }
  get olderOperations(): string {
    return `${this.#base}:ops2`;
  }
  get columns(): string {
    return `${this.#base}:col`;
  }
  get lease(): string {
    return `${this.#base}:lease`;
  }
  get derived(): string {
    return `${this.#base}:derived`;
  }
  get landmarks(): string {
    return `${this.#base}:landmarks`;
  }
  get next(): string {
    return `${this.#base}:next`;
  }
  get documents(): string {
    return `${this.#base}:docs`;
  }
  get documentOrder(): string {
    return `${this.#base}:docs:order`;
  }
  get documentTags(): string {
    return `${this.#base}:docs:tags`;
  }
  get documentsExpiring(): string {
    return `${this.#base}:docs:expiring`;
  }
  get sessions(): string {
    return `${this.#shared}:sessions`;
  }
  get subjects(): string {
    return `${this.#shared}:subjects`;
  }
  get expiring(): string {
    return `${this.#shared}:expiring`;
  }
  get updated(): string {
    return `${this.#shared}:updated`;
  }
  get created(): string {
    return `${this.#shared}:created`;
  }
  get changes(): string {
    return `${this.#shared}:changes`;
  }
  get ended(): string {
    return `${this.#shared}:ended`;
  }
  get documentsDue(): string {
    return `${this.#shared}:docs:due`;
  }
  get sessionSources(): string {
    return `${this.#shared}:sources`;
  }
}

function registryKeys(base: string): RegistryKeys {
  return {
    sessions: `${base}:sessions`,
    subjects: `${base}:subjects`,
    expiring: `${base}:expiring`,
    updated: `${base}:updated`,
    created: `${base}:created`,
    changes: `${base}:changes`,
    ended: `${base}:ended`,
    documentsDue: `${base}:docs:due`,
    sessionSources: `${base}:sources`,
  };
}

function documentKeys(base: string): DocumentKeys {
  return {
    documents: `${base}:docs`,
    documentOrder: `${base}:docs:order`,
    documentTags: `${base}:docs:tags`,
    documentsExpiring: `${base}:docs:expiring`,
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
