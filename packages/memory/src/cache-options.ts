import { admitFields, admitInteger, type FieldTable, fieldTable } from "@relevo/core/input";

/** Bounds of the cache of the sessions in use. */
export interface SessionCacheOptions {
  /** The most sessions; 10,000 when left out. */
  readonly sessions?: number | undefined;
  /**
   * The most memory in bytes, estimated from above; 67,108,864 (64 MiB) when left out. A session that would take more
   * than an eighth of it is not kept.
   */
  readonly bytes?: number | undefined;
  /**
   * How long a session is kept after the store last confirmed it, in milliseconds; 300,000 (five minutes) when left out.
   * It goes by a timer, also when nobody calls any more: this is how long text that another process erased can stay in the
   * memory of this one.
   */
  readonly ttlMs?: number | undefined;
}

export interface CacheBounds {
  readonly sessions: number;
  readonly bytes: number;
  readonly ttlMs: number;
}

const fields: FieldTable = fieldTable<SessionCacheOptions>({
  sessions: "refines",
  bytes: "refines",
  ttlMs: "refines",
});

// lru-cache sets room aside for the most entries at once.
const mostSessions = 10_000_000;

/** The bounds of the cache; `undefined` for no cache. @throws `invalid-input` that names the option. */
export function admitCache(given: SessionCacheOptions | boolean | undefined): CacheBounds | undefined {
  if (given === undefined || given === false) return undefined;
  const { sessions, bytes, ttlMs } =
    given === true ? {} : admitFields<SessionCacheOptions>(given, "options.cache", fields);
  return {
    sessions: admitInteger(sessions ?? 10_000, "options.cache.sessions", 1, mostSessions),
    bytes: admitInteger(bytes ?? 64 * 1024 * 1024, "options.cache.bytes", 1),
    ttlMs: admitInteger(ttlMs ?? 300_000, "options.cache.ttlMs", 1, 2 ** 31 - 1),
  };
}
