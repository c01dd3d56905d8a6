import type { AppendResult } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { addressKey, appendMutant, logMutant, sharedState, without } from "../log-mutant.ts";

export const incarnationMutants: readonly Mutant[] = [
  appendMutant(
    "late-append-resurrects",
    "log/deleted-incarnation-never-returns",
    "the incarnation that an append names is not looked at",
    (events, options) => [events, without(options, "incarnation")],
  ),
  logMutant(
    "touch-ignores-the-incarnation",
    "log/deleted-incarnation-never-returns",
    "the incarnation that a touch names is not looked at",
    (log) => ({ touch: (address, options = {}) => log.touch(address, without(options, "incarnation")) }),
  ),
  logMutant(
    "delete-ignores-the-incarnation",
    "log/deleted-incarnation-never-returns",
    "a late delete ends the incarnation that came after",
    (log) => ({ delete: (address, options = {}) => log.delete(address, without(options, "incarnation")) }),
  ),
  logMutant(
    "expiry-keeps-the-incarnation",
    "log/expired-incarnation-never-returns",
    "an append that names an expired incarnation starts the session anew",
    (log) => ({
      append: async (address, events, options = {}) => {
        const gone = (await log.head(address)) === undefined;
        return log.append(address, events, gone ? without(options, "incarnation") : options);
      },
    }),
  ),
  logMutant(
    "late-erase-hits-the-successor",
    "log/expired-incarnation-never-returns",
    "the incarnation that an erase names is not looked at",
    (log) => ({ erase: (address, options) => log.erase(address, without(options, "incarnation")) }),
  ),
  logMutant(
    "unknown-incarnation-is-created",
    "log/unknown-incarnation-is-history-lost",
    "a session that is not there is created under whatever incarnation the append names",
    (log) => ({
      append: async (address, events, options = {}) => {
        const missing = (await log.head(address)) === undefined;
        return log.append(address, events, missing ? without(options, "incarnation") : options);
      },
    }),
  ),
  logMutant(
    "touch-of-nothing-is-quiet",
    "log/unknown-incarnation-is-history-lost",
    "a touch that names a gone incarnation reports a missing session",
    (log) => ({
      touch: async (address, options) =>
        (await log.head(address)) === undefined ? undefined : log.touch(address, options),
    }),
  ),
  logMutant(
    "operations-die-with-their-incarnation",
    "log/operation-of-an-ended-incarnation-is-history-lost",
    "the retry of an operation of an ended incarnation writes into a new one",
    (log) => ({
      append: async (address, events, options = {}) => {
        try {
          return await log.append(address, events, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "history-lost")) throw error;
          return log.append(address, events, without(options, "operation"));
        }
      },
    }),
  ),
  logMutant(
    "operations-outlive-their-incarnation",
    "log/operation-of-an-ended-incarnation-is-history-lost",
    "the retry of an operation of an ended incarnation replays its result",
    (log, parts) => {
      const results = sharedState(parts, "results", () => new Map<string, AppendResult>());
      return {
        append: async (address, events, options) => {
          const key = addressKey(address) + options?.operation?.id;
          const known = options?.operation && results.get(key);
          if (known) return { ...known, replayed: true };
          const result = await log.append(address, events, options);
          results.set(key, result);
          return result;
        },
      };
    },
  ),
  logMutant(
    "loss-goes-unnoticed",
    "log/lost-data-is-history-lost",
    "after a loss an append that names the lost incarnation begins the session again",
    (log) => ({
      append: async (address, events, options = {}) => {
        try {
          return await log.append(address, events, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "history-lost")) throw error;
          await log.delete(address);
          return log.append(address, events, without(options, "incarnation"));
        }
      },
    }),
  ),
  logMutant(
    "init-overwrites",
    "log/init-applies-at-creation",
    "subject and metadata of `init` overwrite those of a session that exists",
    (log) => ({
      append: async (address, events, options) => {
        const result = await log.append(address, events, options);
        await log.touch(address, { ...options?.init });
        return result;
      },
    }),
  ),
  appendMutant(
    "init-is-ignored",
    "log/init-applies-at-creation",
    "subject and metadata of `init` are not stored",
    (events, options) => [events, without(options, "init")],
  ),
];
