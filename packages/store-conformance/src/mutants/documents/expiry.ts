import { conflict } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { sharedState, without } from "../log-mutant.ts";
import { documentMutant, placeKey, putMutant } from "./document-mutant.ts";

/** Stores that break what a time to live promises. */
export const expiryMutants: readonly Mutant[] = [
  documentMutant(
    "expired-is-visible",
    "expires-by-the-stores-clock",
    "a document keeps its expiry as data and never ends",
    (documents) => ({
      async put(address, input, options) {
        const stored = await documents.put(address, without(input, "ttlMs"), options);
        return input.ttlMs === undefined ? stored : { ...stored, expiresAt: stored.updatedAt + input.ttlMs };
      },
    }),
  ),
  documentMutant(
    "expired-namespace-is-listed",
    "expires-by-the-stores-clock",
    "namespaces goes on listing what holds only expired documents",
    (documents, parts) => {
      const namespaces = sharedState(parts, "namespaces", () => [] as (readonly string[])[]);
      return {
        async put(address, ...rest) {
          namespaces.push(address.namespace);
          return await documents.put(address, ...rest);
        },
        namespaces: async () => ({ items: namespaces }),
      };
    },
  ),
  documentMutant(
    "expired-blocks-creation",
    "expired-makes-room",
    "create-only is refused where a document expired",
    (documents, parts) => {
      const used = sharedState(parts, "used", () => new Map<string, number>());
      return {
        async put(address, input, options = {}) {
          const version = used.get(placeKey(address));
          if (options.expectedVersion === 0 && version !== undefined) throw conflict("version", { version });
          const stored = await documents.put(address, input, options);
          used.set(placeKey(address), stored.version);
          return stored;
        },
      };
    },
  ),
  putMutant(
    "old-expiry-strikes-again",
    "expired-makes-room",
    "a new document inherits the time to live of the expired one",
    (input, options, address, parts) => {
      const ttls = sharedState(parts, "ttls", () => new Map<string, number>());
      if (input.ttlMs !== undefined) ttls.set(placeKey(address), input.ttlMs);
      const ttlMs = ttls.get(placeKey(address));
      return [ttlMs === undefined ? input : { ...input, ttlMs }, options];
    },
  ),
  documentMutant(
    "touch-is-a-put",
    "touch-sets-a-new-time",
    "touch writes the document again, with a new version",
    (documents) => ({
      async touch(address, { ttlMs, ...guard }) {
        const found = await documents.get(address);
        if (found === undefined) return undefined;
        const { value, tags, metadata } = found;
        const input = { value, tags, metadata, ...(ttlMs === null ? {} : { ttlMs }) };
        return await documents.put(address, input, guard);
      },
    }),
  ),
  documentMutant(
    "touch-only-lengthens",
    "touch-sets-a-new-time",
    "touch does not shorten the time to live",
    (documents) => ({
      async touch(address, options) {
        const found = await documents.get(address);
        return found?.expiresAt === undefined ? found : documents.touch(address, options);
      },
    }),
  ),
  documentMutant(
    "touch-null-is-ignored",
    "touch-null-is-for-ever",
    "touch with null changes nothing",
    (documents) => ({
      touch: async (address, options) =>
        options.ttlMs === null ? documents.get(address) : documents.touch(address, options),
    }),
  ),
  documentMutant(
    "touch-creates",
    "touch-null-is-for-ever",
    "touch of a missing document creates an empty one",
    (documents) => ({
      touch: async (address, options) =>
        (await documents.touch(address, options)) ?? documents.put(address, { value: null }),
    }),
  ),
];
