import { check, equal, inTime } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  bothHandles,
  caseOf,
  conflicts,
  keysFound,
  namespacesFound,
  pastShortTtlMs,
  shortTtlMs,
  standAlone,
} from "./support.ts";

const longTtlMs = 3_600_000;

/** What a document's time to live and `touch` promise. */
export const expiryCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "expires-by-the-stores-clock",
    "A document whose time to live is over is invisible to get, getMany, find and namespaces, and cannot be deleted or touched.",
    (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { documents } = context.store;
        const brief = standAlone(context, "brief", ["brief"]);
        const lasting = standAlone(context, "lasting", ["lasting"]);
        const stored = await documents.put(brief, { value: "brief", tags: ["t"], ttlMs });
        await documents.put(lasting, { value: "lasting", tags: ["t"], ttlMs: longTtlMs });
        equal(stored.expiresAt, stored.updatedAt + ttlMs, "expiresAt is ttlMs after the put");
        const before = await keysFound(context, context.other, { tags: { all: ["t"] } });
        equal(before, ["brief", "lasting"], "the document must be there until its time is over");
        await context.advance(ttlMs + 100);
        for (const [name, store] of bothHandles(context)) {
          equal(await store.documents.get(brief), undefined, `${name} gets an expired document`);
          const [many] = await store.documents.getMany([brief]);
          equal(many, undefined, `${name} gets an expired document by getMany`);
          const keys = await keysFound(context, store, { tags: { all: ["t"] } });
          equal(keys, ["lasting"], `${name} finds an expired document, or lost the other`);
          const namespaces = await namespacesFound(context, store);
          equal(namespaces, [["lasting"]], `${name} lists the namespace of an expired document`);
        }
        equal(await documents.touch(brief, { ttlMs: null }), undefined, "touch revived an expired document");
        equal(await documents.delete(brief), false, "an expired document cannot be deleted");
        equal(await documents.deleteMany([{ address: brief }]), 0, "an expired document does not count");
      }),
  ),
  caseOf(
    "documents",
    "expired-makes-room",
    "After a document expired a create-only put succeeds with a greater version, and the old version is stale.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const old = await documents.put(address, { value: "old", tags: ["old"], ttlMs: shortTtlMs });
      await context.advance(pastShortTtlMs);
      await conflicts("version", "A put that expects the expired document's version", () =>
        context.other.documents.put(address, { value: "late" }, { expectedVersion: old.version }),
      );
      const anew = await context.other.documents.put(address, { value: "anew" }, { expectedVersion: 0 });
      check(anew.version > old.version, `version ${anew.version} came after ${old.version}`);
      check(anew.createdAt > old.createdAt, "the new document was created anew");
      equal(anew.expiresAt, undefined, "the new document inherited an expiry");
      const found = await keysFound(context, context.store, { tags: { any: ["old"] } });
      equal(found, [], "the expired document's tags still lead to the new one");
      await context.advance(pastShortTtlMs);
      equal(await documents.get(address), anew, "the new document ended with the old one's time");
    },
  ),
  caseOf(
    "documents",
    "touch-sets-a-new-time",
    "touch sets a new time to live, shorter or longer, without a new version and without changing anything else.",
    (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { documents } = context.store;
        const longer = standAlone(context, "longer");
        const shorter = standAlone(context, "shorter");
        const first = await documents.put(longer, {
          value: 1,
          tags: ["t"],
          metadata: { m: 1 },
          ttlMs,
        });
        await documents.put(shorter, { value: 2 });
        const touched = await context.other.documents.touch(longer, { ttlMs: longTtlMs });
        check(touched !== undefined, "touch must return the document");
        check((touched.expiresAt ?? 0) >= first.updatedAt + longTtlMs, "expiresAt must be ttlMs from now");
        equal({ ...touched, expiresAt: 0 }, { ...first, expiresAt: 0 }, "touch changed more than the expiry");
        await documents.touch(shorter, { ttlMs });
        await context.advance(ttlMs + 100);
        for (const [name, store] of bothHandles(context)) {
          const keys = await keysFound(context, store);
          equal(keys, ["longer"], `${name} does not see the times that touch set`);
        }
        await documents.put(longer, { value: 3 }, { expectedVersion: first.version });
      }),
  ),
  caseOf(
    "documents",
    "touch-null-is-for-ever",
    "touch with null lifts the expiry; touch of a missing document is undefined and creates nothing.",
    (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { documents } = context.store;
        const address = standAlone(context, "a");
        await documents.put(address, { value: 1, ttlMs });
        const touched = await documents.touch(address, { ttlMs: null });
        equal(touched?.expiresAt, undefined, "touch with null must lift the expiry");
        const missing = await documents.touch(standAlone(context, "none"), { ttlMs: longTtlMs });
        equal(missing, undefined, "there was no document to touch");
        await context.advance(ttlMs + 100);
        for (const [name, store] of bothHandles(context)) {
          const keys = await keysFound(context, store);
          equal(keys, ["a"], `${name} must see the document that lives for ever, and nothing else`);
        }
      }),
  ),
];
