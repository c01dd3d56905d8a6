import type { StoredEvent } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

/** The stores that the cases of cached copies must catch. */
export const cachedCopyMutants: readonly Mutant[] = [
  logMutant(
    "append-answers-another-time",
    "log/append-answers-stored-events",
    "an append answers a time before it was recorded",
    (log) => ({
      append: async (...call) => {
        const result = await log.append(...call);
        return result.recordedAt === undefined ? result : { ...result, recordedAt: result.recordedAt - 1 };
      },
    }),
  ),
  logMutant(
    "append-answers-what-was-passed",
    "log/append-answers-stored-events",
    "an append answers the events as the caller passed them",
    (log) => ({
      append: async (address, events, options) => {
        const result = await log.append(address, events, options);
        const { events: stored } = result;
        if (stored === undefined) return result;
        return {
          ...result,
          events: stored.map(
            ({ seq, recordedAt }, index) => ({ ...events[index], seq, recordedAt }) as StoredEvent,
          ),
        };
      },
    }),
  ),
  logMutant(
    "replay-answers-the-time",
    "log/append-answers-stored-events",
    "a replay answers the time of the replay",
    (log) => ({
      append: async (...call) => {
        const result = await log.append(...call);
        return result.replayed ? { ...result, recordedAt: 1 } : result;
      },
    }),
  ),
  logMutant(
    "unchanged-for-any-token",
    "log/read-unless-token",
    "a read is unchanged whichever token it names",
    (log) => ({
      read: async (address, options = {}) => {
        const result = await log.read(address, options);
        if (options.unlessToken === undefined || result.token === undefined) return result;
        return { ...without(result, "next", "below"), events: [], unchanged: true };
      },
    }),
  ),
  logMutant(
    "unchanged-by-version",
    "log/read-unless-token",
    "a token counts as the present one while the version is the one it was read with",
    (log) => {
      const versions = new Map<string, number>();
      return {
        read: async (address, options = {}) => {
          const result = await log.read(address, options);
          const { unlessToken } = options;
          if (result.token !== undefined && !versions.has(result.token))
            versions.set(result.token, result.version);
          if (unlessToken === undefined || versions.get(unlessToken) !== result.version) return result;
          return { ...without(result, "next", "below"), events: [], unchanged: true };
        },
      };
    },
  ),
  logMutant(
    "unless-token-is-ignored",
    "log/read-unless-token",
    "a read answers the page although nothing was written",
    (log) => ({
      read: (address, { unlessToken: _, ...options } = {}) => log.read(address, options),
    }),
  ),
];
