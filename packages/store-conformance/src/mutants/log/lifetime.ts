import type { ReadResult } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { addressKey, appendMutant, logMutant, sharedState, without } from "../log-mutant.ts";

export const lifetimeMutants: readonly Mutant[] = [
  logMutant("nothing-expires", "log/expired-session-is-gone", "lifetimes are not kept", (log) => ({
    append: (address, events, options = {}) => log.append(address, events, without(options, "ttlMs")),
    touch: (address, options = {}) => log.touch(address, without(options, "ttlMs")),
  })),
  logMutant(
    "expired-session-is-still-read",
    "log/expired-session-is-gone",
    "an expired session is hidden from head but still read",
    (log, parts) => ({
      read: async (address, options) => {
        const result = await log.read(address, options);
        const cached = parts.shared.get(address.session) as ReadResult | undefined;
        return result.version > 0 || cached === undefined ? result : cached;
      },
      touch: async (address, options) => {
        parts.shared.set(address.session, await log.read(address));
        return log.touch(address, options);
      },
    }),
  ),
  logMutant(
    "read-refreshes",
    "log/idle-time-is-refreshed-by-writes-only",
    "a head refreshes the idle lifetime",
    (log) => ({ head: (address) => log.touch(address) }),
  ),
  logMutant(
    "append-does-not-refresh",
    "log/idle-time-is-refreshed-by-writes-only",
    "an append takes half of the idle lifetime for spent",
    (log) => ({
      append: async (address, events, options = {}) => {
        const head = await log.head(address);
        const spent = head?.expiresAt && Math.ceil((head.expiresAt - head.updatedAt) / 2);
        return log.append(address, events, spent ? { ...options, ttlMs: spent } : options);
      },
    }),
  ),
  logMutant(
    "touch-does-not-refresh",
    "log/idle-time-is-refreshed-by-writes-only",
    "a touch without changes does nothing",
    (log) => ({ touch: (address) => log.head(address) }),
  ),
  appendMutant(
    "null-lifetime-is-left-out",
    "log/lifetime-can-change",
    "`ttlMs: null` of an append counts as left out",
    (events, options) => [events, options.ttlMs === null ? without(options, "ttlMs") : options],
  ),
  appendMutant(
    "lifetime-is-forgotten",
    "log/lifetime-can-change",
    "an append without `ttlMs` makes the session live for ever",
    (events, options) => [events, { ttlMs: null, ...options }],
  ),
  logMutant(
    "touch-lifetime-is-in-seconds",
    "log/lifetime-can-change",
    "a touch takes milliseconds for seconds",
    (log) => ({
      touch: (address, options = {}) =>
        log.touch(address, options.ttlMs ? { ...options, ttlMs: options.ttlMs * 1000 } : options),
    }),
  ),
  logMutant(
    "delete-does-nothing",
    "log/delete-ends-a-session",
    "a delete answers and removes nothing",
    (log) => ({
      delete: async (address) => (await log.head(address)) !== undefined,
    }),
  ),
  logMutant("delete-is-always-true", "log/delete-ends-a-session", "a delete of nothing says true", (log) => ({
    delete: async (...call) => {
      await log.delete(...call);
      return true;
    },
  })),
  logMutant(
    "delete-only-trims",
    "log/delete-ends-a-session",
    "a delete removes the events and keeps the session",
    (log) => ({
      delete: async (address) => {
        const head = await log.head(address);
        if (head === undefined || head.events === 0) return false;
        await log.trim(address, { beforeSeq: head.version + 1 });
        return true;
      },
    }),
  ),
  logMutant(
    "delete-ignores-the-version",
    "log/guarded-delete",
    "the expected version of a delete is not looked at",
    (log) => ({
      delete: (address, options = {}) => log.delete(address, without(options, "expectedVersion")),
    }),
  ),
  logMutant(
    "delete-hits-any-incarnation",
    "log/guarded-delete",
    "the incarnation that a delete names is not looked at",
    (log) => ({ delete: (address, options = {}) => log.delete(address, without(options, "incarnation")) }),
  ),
  logMutant(
    "delete-ignores-the-token",
    "log/delete-with-a-token",
    "the expected token of a delete is not looked at",
    (log) => ({ delete: (address, options = {}) => log.delete(address, without(options, "expectedToken")) }),
  ),
  logMutant(
    "delete-takes-the-token-for-the-incarnation",
    "log/delete-with-a-token-spares-a-copy",
    "the first token that a delete of an incarnation names is good for all of that incarnation",
    (log, parts) => {
      const known = sharedState(parts, "deleted-with", () => new Map<string, string>());
      return {
        async delete(address, options = {}) {
          const head = await log.head(address);
          const key = `${addressKey(address)} ${head?.incarnation}`;
          if (known.get(key) !== undefined && known.get(key) === options.expectedToken)
            return log.delete(address, without(options, "expectedToken"));
          const isDeleted = await log.delete(address, options);
          if (isDeleted && options.expectedToken !== undefined) known.set(key, options.expectedToken);
          return isDeleted;
        },
      };
    },
  ),
];
