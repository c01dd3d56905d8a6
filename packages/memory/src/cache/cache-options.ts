import { type EventLog, isInProcessLog } from "@relevo/core";
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
   * How long a session is kept after the store last confirmed it, in milliseconds; 60,000 (one minute) when left out.
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
export const mostCachedSessions = 10_000_000;
export const mostCacheTtlMs: number = 2 ** 31 - 1;

/** The bounds of the cache; `undefined` for no cache. @throws `invalid-input` that names the option. */
export function admitCache(
  given: SessionCacheOptions | boolean | undefined,
  log: EventLog,
): CacheBounds | undefined {
  // In the process of the store a read is no round trip, and keeping copies costs more than it saves.
  if (given === false || (given === undefined && isInProcessLog(log))) return undefined;
  const { sessions, bytes, ttlMs } =
    given === true || given === undefined
      ? {}
      : admitFields<SessionCacheOptions>(given, "options.cache", fields);
  return {
    sessions: admitInteger(sessions ?? 10_000, "options.cache.sessions", 1, mostCachedSessions),
    bytes: admitInteger(bytes ?? 64 * 1024 * 1024, "options.cache.bytes", 1),
    ttlMs: admitInteger(ttlMs ?? 60_000, "options.cache.ttlMs", 1, mostCacheTtlMs),
  };
}
