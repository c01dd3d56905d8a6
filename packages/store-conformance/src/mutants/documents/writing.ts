import { setImmediate as nextTurn } from "node:timers/promises";
import type { Document, JsonObject } from "@relevo/core";
import { conflict } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { sharedState, without } from "../log-mutant.ts";
import { documentMutant, placeKey, putMutant, resultMutant } from "./document-mutant.ts";

/** Stores that break what reading and writing one document promise. */
export const writingMutants: readonly Mutant[] = [
  documentMutant(
    "get-drops-metadata",
    "get-returns-what-was-put",
    "get returns documents without their metadata",
    (documents) => ({
      async get(...call) {
        const found = await documents.get(...call);
        return found && { ...found, metadata: {} };
      },
    }),
  ),
  documentMutant(
    "get-falls-back",
    "missing-is-undefined",
    "get looks among the documents that stand alone when the session has none",
    (documents) => ({
      get: async (address, options) =>
        (await documents.get(address, options)) ?? documents.get(without(address, "session"), options),
    }),
  ),
  documentMutant(
    "get-many-leaves-out",
    "get-many-keeps-order",
    "getMany leaves out what is missing",
    (documents) => ({
      getMany: async (...call) => (await documents.getMany(...call)).filter((found) => found !== undefined),
    }),
  ),
  documentMutant(
    "get-many-one-by-one",
    "get-many-reads-one-moment",
    "getMany reads one document after the other",
    (documents) => ({
      async getMany(addresses, options) {
        const found: (Document | undefined)[] = [];
        for (const address of addresses) {
          found.push(await documents.get(address, options));
          await nextTurn();
        }
        return found;
      },
      async putMany(...call) {
        await nextTurn();
        return await documents.putMany(...call);
      },
    }),
  ),
  putMutant(
    "put-merges",
    "put-replaces-whole",
    "put merges objects into the value that was there",
    async (input, options, address, parts) => {
      const value = (await parts.documents.get(address))?.value;
      return isObject(value) && isObject(input.value)
        ? [{ ...input, value: { ...value, ...input.value } }, options]
        : [input, options];
    },
  ),
  putMutant(
    "put-keeps-tags",
    "put-replaces-whole",
    "put without tags keeps those that were there",
    async (input, options, address, parts) => [
      { ...input, tags: input.tags ?? (await parts.documents.get(address))?.tags ?? [] },
      options,
    ],
  ),
  documentMutant(
    "put-keeps-expiry",
    "put-replaces-whole",
    "put without ttlMs keeps the expiry that was there",
    (documents) => ({
      async put(address, input, options) {
        const { expiresAt } = (await documents.get(address)) ?? {};
        const stored = await documents.put(address, input, options);
        return input.ttlMs === undefined && expiresAt !== undefined ? { ...stored, expiresAt } : stored;
      },
    }),
  ),
  resultMutant("tags-by-utf16", "tags-are-a-set", "tags are sorted as UTF-16 units", (document) => ({
    ...document,
    tags: [...document.tags].sort(),
  })),
  documentMutant(
    "equal-put-is-skipped",
    "versions-grow",
    "a put of the value that is there already is skipped",
    (documents) => ({
      async put(address, input, options) {
        const current = await documents.get(address);
        return current?.value === input.value ? current : documents.put(address, input, options);
      },
    }),
  ),
  documentMutant(
    "version-restarts",
    "versions-grow-across-delete",
    "the version starts again at 1 after a delete",
    (documents, parts) => {
      const bases = sharedState(parts, "bases", () => new Map<string, number>());
      return {
        async put(address, input, { expectedVersion, ...options } = {}) {
          const place = placeKey(address);
          const exists = (await documents.get(address)) !== undefined;
          const base = exists ? (bases.get(place) ?? 0) : 0;
          const expected = expectedVersion && expectedVersion + base;
          const stored = await documents.put(address, input, {
            ...options,
            ...(expected === undefined ? {} : { expectedVersion: expected }),
          });
          if (!exists) bases.set(place, stored.version - 1);
          return { ...stored, version: stored.version - (bases.get(place) ?? 0) };
        },
      };
    },
  ),
  documentMutant(
    "version-is-the-time",
    "versions-ignore-the-clock",
    "the version is the time of the write",
    (documents) => {
      const shown = (document: Document): Document => ({ ...document, version: document.updatedAt });
      return {
        async put(address, input, { expectedVersion, ...options } = {}) {
          const current = await documents.get(address);
          const known = expectedVersion === undefined || expectedVersion === (current?.updatedAt ?? 0);
          if (!known) throw conflict("version", { version: current?.updatedAt ?? 0 });
          return shown(await documents.put(address, input, options));
        },
        async delete(address, { expectedVersion: _, ...options } = {}) {
          return await documents.delete(address, options);
        },
      };
    },
  ),
  putMutant(
    "create-only-overwrites",
    "create-only",
    "expectedVersion 0 is taken for no expectation",
    (input, options) => [
      input,
      options.expectedVersion === 0 ? without(options, "expectedVersion") : options,
    ],
  ),
  putMutant(
    "put-ignores-the-version",
    "stale-version-changes-nothing",
    "put ignores expectedVersion",
    (input, options) => [input, without(options, "expectedVersion")],
  ),
  documentMutant(
    "delete-ignores-the-version",
    "stale-version-changes-nothing",
    "delete ignores expectedVersion",
    (documents) => ({
      delete: async (address, options = {}) => documents.delete(address, without(options, "expectedVersion")),
    }),
  ),
  documentMutant(
    "conflict-after-the-write",
    "stale-version-changes-nothing",
    "put writes and then reports the conflict",
    (documents) => ({
      async put(address, input, options = {}) {
        try {
          return await documents.put(address, input, options);
        } catch (error) {
          await documents.put(address, input, without(options, "expectedVersion"));
          throw error;
        }
      },
    }),
  ),
  putMutant(
    "put-resurrects",
    "update-never-resurrects",
    "expectedVersion is looked at only when there is a document",
    async (input, options, address, parts) => [
      input,
      (await parts.documents.get(address)) === undefined ? without(options, "expectedVersion") : options,
    ],
  ),
  documentMutant(
    "handles-cache-for-ever",
    "update-never-resurrects",
    "each handle remembers what it wrote and never looks again",
    (documents) => {
      const cache = new Map<string, Document>();
      return {
        async put(address, ...rest) {
          const stored = await documents.put(address, ...rest);
          cache.set(placeKey(address), stored);
          return stored;
        },
        get: async (address, options) => cache.get(placeKey(address)) ?? documents.get(address, options),
      };
    },
  ),
  documentMutant(
    "delete-does-nothing",
    "delete-removes",
    "delete says what it would do and does nothing",
    (documents) => ({
      delete: async (address) => (await documents.get(address)) !== undefined,
    }),
  ),
  documentMutant(
    "delete-always-true",
    "delete-removes",
    "delete returns true although there was nothing",
    (documents) => ({
      async delete(...call) {
        await documents.delete(...call);
        return true;
      },
    }),
  ),
  resultMutant(
    "created-with-each-put",
    "store-keeps-the-times",
    "each put sets createdAt anew",
    (document) => ({
      ...document,
      createdAt: document.updatedAt,
    }),
  ),
  resultMutant(
    "updated-never-moves",
    "store-keeps-the-times",
    "updatedAt stays at the first put",
    (document) => ({
      ...document,
      updatedAt: document.createdAt,
    }),
  ),
];

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
