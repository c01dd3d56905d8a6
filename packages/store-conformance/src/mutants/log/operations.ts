import type { AppendResult, OperationRecord } from "@relevo/core";
import { conflict } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { addressKey, appendMutant, logMutant, sharedState, without } from "../log-mutant.ts";

export const operationMutants: readonly Mutant[] = [
  appendMutant(
    "no-idempotency",
    "log/operation-replays",
    "operations are not remembered, so a retry writes again",
    (events, options) => [events, without(options, "operation")],
  ),
  logMutant("replay-is-not-told", "log/operation-replays", "a retry claims to have written", (log) => ({
    append: async (...call) => ({ ...(await log.append(...call)), replayed: false }),
  })),
  logMutant("replay-touches", "log/operation-replays", "a retry changes the session's revision", (log) => ({
    append: async (address, events, options) => {
      const result = await log.append(address, events, options);
      if (result.replayed) await log.touch(address, { ttlMs: 86_400_000 });
      return result;
    },
  })),
  logMutant(
    "operations-live-in-one-handle",
    "log/operation-replays",
    "each handle remembers operations for itself",
    (log, parts) => {
      const handles = sharedState(parts, "handles", () => ({ count: 0 }));
      const handle = ++handles.count;
      return {
        append: (address, events, options = {}) => {
          const { operation } = options;
          if (operation === undefined) return log.append(address, events, options);
          return log.append(address, events, {
            ...options,
            operation: { ...operation, id: `${operation.id}${handle}` },
          });
        },
      };
    },
  ),
  appendMutant(
    "fingerprint-is-ignored",
    "log/operation-id-names-one-request",
    "any request under a known operation id replays the first",
    (events, options) => {
      const { operation } = options;
      return [events, operation ? { ...options, operation: { ...operation, fingerprint: "any" } } : options];
    },
  ),
  logMutant(
    "version-before-replay",
    "log/operation-comes-before-version",
    "the expected version is looked at before the operation",
    (log) => ({
      append: async (address, events, options) => {
        const version = (await log.head(address))?.version ?? 0;
        if (options?.expectedVersion !== undefined && options.expectedVersion !== version) {
          throw conflict("version", { version });
        }
        return log.append(address, events, options);
      },
    }),
  ),
  logMutant(
    "fence-before-replay",
    "log/operation-comes-before-fence",
    "the fence is looked at before the operation",
    (log) => ({
      append: async (address, events, options) => {
        if (options?.fence !== undefined) {
          const probe = `probe ${performance.now()}`;
          await log.append(address, [], {
            fence: options.fence,
            operation: { id: probe, fingerprint: probe },
          });
        }
        return log.append(address, events, options);
      },
    }),
  ),
  logMutant(
    "operation-is-never-found",
    "log/operation-can-be-looked-up",
    "no operation can be looked up",
    () => ({ operation: async () => undefined }),
  ),
  logMutant(
    "operation-record-follows-the-log",
    "log/operation-can-be-looked-up",
    "a looked-up operation shows the session's present version",
    (log) => ({
      operation: async (address, id) => {
        const record = await log.operation(address, id);
        const version = (await log.head(address))?.version ?? 0;
        return record && { ...record, result: { ...record.result, version } };
      },
    }),
  ),
  logMutant(
    "refused-operation-is-recorded",
    "log/operation-can-be-looked-up",
    "an operation is recorded before its append is checked",
    (log, parts) => {
      const records = sharedState(parts, "records", () => new Map<string, OperationRecord>());
      return {
        append: (address, events, options) => {
          const { operation } = options ?? {};
          const result = { firstSeq: 1, version: 1, incarnation: "", revision: 1 };
          if (operation) records.set(addressKey(address) + operation.id, { ...operation, result });
          return log.append(address, events, options);
        },
        operation: async (address, id) =>
          (await log.operation(address, id)) ?? records.get(addressKey(address) + id),
      };
    },
  ),
  logMutant(
    "check-then-insert",
    "log/operation-races-are-applied-once",
    "an operation is looked up first and written later, so that two racing sends both write",
    (log, parts) => {
      const results = sharedState(parts, "results", () => new Map<string, AppendResult>());
      return {
        append: async (address, events, options = {}) => {
          const key = addressKey(address) + options.operation?.id;
          const known = results.get(key);
          if (known !== undefined) return { ...known, replayed: true };
          const result = await log.append(address, events, without(options, "operation"));
          results.set(key, result);
          return result;
        },
      };
    },
  ),
  logMutant(
    "empty-append-is-not-recorded",
    "log/empty-append-records-its-operation",
    "an append without events answers and records nothing",
    (log) => ({
      append: async (address, events, options) => {
        const head = await log.head(address);
        if (events.length > 0 || head === undefined) return log.append(address, events, options);
        const { version, incarnation, revision, token } = head;
        return { firstSeq: version + 1, version, incarnation, revision, token, replayed: false };
      },
    }),
  ),
  appendMutant(
    "empty-append-writes-a-marker",
    "log/empty-append-records-its-operation",
    "an append without events stores an event of its own",
    (events, options) => [events.length === 0 ? [{ type: "x-marker", body: null }] : events, options],
  ),
];
