import { type EventInput, MemoryError, type ReadResult, type SessionHead } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { addressKey, appendMutant, logMutant, sharedState } from "../log-mutant.ts";

export const valueMutants: readonly Mutant[] = [
  logMutant(
    "inputs-are-kept",
    "log/inputs-are-not-aliased",
    "reads return the objects that were appended",
    (log, parts) => {
      const inputs = sharedState(parts, "inputs", () => new Map<string, readonly EventInput[]>());
      return {
        append: (address, events, options) => {
          inputs.set(addressKey(address), events);
          return log.append(address, events, options);
        },
        read: async (address, options) => {
          const result = await log.read(address, options);
          const originals = inputs.get(addressKey(address)) ?? [];
          const events = result.events.map((event) => ({ ...event, ...originals[event.seq - 1] }));
          return { ...result, events } as ReadResult;
        },
      };
    },
  ),
  appendMutant(
    "inputs-are-changed",
    "log/inputs-are-not-aliased",
    "an append writes into the caller's events",
    (events, options) => {
      for (const event of events) Reflect.set(event, "pinned", false);
      return [events, options];
    },
  ),
  logMutant(
    "touched-metadata-is-kept",
    "log/inputs-are-not-aliased",
    "the head returns the metadata object that a touch was given",
    (log, parts) => ({
      touch: (address, options) => {
        if (options?.metadata) parts.shared.set(addressKey(address), options.metadata);
        return log.touch(address, options);
      },
      head: async (address) => {
        const head = await log.head(address);
        const metadata = parts.shared.get(addressKey(address)) as SessionHead["metadata"] | undefined;
        return head && metadata ? { ...head, metadata } : head;
      },
    }),
  ),
  logMutant(
    "reads-share-one-copy",
    "log/outputs-are-not-aliased",
    "all reads of a session return the same objects, which a reader can change",
    (log, parts) => {
      const copies = sharedState(parts, "copies", () => new Map<string, ReadResult>());
      return {
        read: async (address, options) => {
          const fresh = await log.read(address, options);
          const key = addressKey(address);
          if (!copies.has(key)) copies.set(key, structuredClone(fresh));
          return copies.get(key) ?? fresh;
        },
      };
    },
  ),
  logMutant(
    "heads-share-their-metadata",
    "log/outputs-are-not-aliased",
    "all heads of a session share a metadata object, which a reader can change",
    (log, parts) => ({
      head: async (address) => {
        const head = await log.head(address);
        if (head === undefined) return undefined;
        const metadata = sharedState(parts, addressKey(address), () => structuredClone(head.metadata));
        return { ...head, metadata };
      },
    }),
  ),
  appendMutant(
    "large-text-is-cut",
    "log/large-event-at-the-limit",
    "a text beyond two million characters is cut",
    (events, options) => [
      events.map((event) =>
        event.type === "message" && typeof event.body.content === "string"
          ? { ...event, body: { ...event.body, content: event.body.content.slice(0, 2_000_000) } }
          : event,
      ),
      options,
    ],
  ),
  logMutant(
    "too-large-is-unavailable",
    "log/large-event-at-the-limit",
    "what is too large fails as if the store were out of order",
    (log) => ({
      append: async (...call) => {
        try {
          return await log.append(...call);
        } catch (cause) {
          throw new MemoryError("unavailable", "The server answered with an error.", { cause });
        }
      },
    }),
  ),
  appendMutant(
    "batch-is-cut-at-its-limit",
    "log/batch-at-the-limit",
    "of a batch that is too long the first thousand events are stored",
    (events, options, _, { store }) => [events.slice(0, store.limits.batchItems), options],
  ),
  logMutant(
    "errors-quote-the-events",
    "log/errors-keep-secrets",
    "a refusal quotes the events that were sent",
    (log) => ({
      append: async (address, events, options) => {
        try {
          return await log.append(address, events, options);
        } catch (error) {
          if (!MemoryError.isInstance(error)) throw error;
          const { details, outcome, retryable } = error;
          throw new MemoryError(error.code, `${error.message} ${JSON.stringify(events)}`, {
            details,
            outcome,
            retryable,
          });
        }
      },
    }),
  ),
];
