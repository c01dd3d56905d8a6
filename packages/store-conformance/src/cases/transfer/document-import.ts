import type { DocumentBatch, DocumentInput, DocumentScope, TransferredDocument } from "@relevo/core";
import { check, equal, inTime, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { messages, operationOf, says } from "../../samples.ts";
import { conflicts, findAll, keysFound } from "../documents/support.ts";
import {
  archiveTenant,
  copyWithDocuments,
  documentTransferCase,
  exportBatches,
  importBatches,
  inScope,
  onlyBatch,
  putAll,
  storedIn,
  twoSessions,
} from "./copy-documents.ts";
import { copySession } from "./copy-session.ts";

const day = 24 * 3600 * 1000;

const inputs: { readonly [key: string]: DocumentInput } = {
  a: { value: { list: [1.5, "ñ 漢", null] }, tags: ["t", "u"], metadata: { m: { n: 1 } } },
  b: { value: "for a day", ttlMs: day },
  c: { value: "for a month", tags: ["t"], ttlMs: 30 * day },
  d: { value: 4 },
};

/** The batch with one document changed. */
function changed(batch: DocumentBatch, key: string, change: Partial<TransferredDocument>): DocumentBatch {
  const documents = batch.documents.map((document) =>
    document.key === key ? { ...document, ...change } : document,
  );
  return { ...batch, documents };
}

/** Documents that stand alone, of three owners, and the scope that they are imported into. */
async function ownersOf(
  context: CaseContext,
  documents: Parameters<typeof putAll>[0],
): Promise<readonly [source: DocumentScope, target: DocumentScope]> {
  const source = { tenant: context.tenant };
  await putAll(documents, source, { a: { value: 1 }, b: { value: 2 } }, ["users", "u1"]);
  await putAll(documents, source, { a: { value: 3 }, b: { value: 4 } }, ["users", "u2", "history"]);
  await putAll(documents, source, { a: { value: 5 } }, ["zones"]);
  return [source, { tenant: archiveTenant(context) }];
}

/** What an import writes, and what it leaves alone. */
export const documentImportCases: readonly ConformanceCase[] = [
  documentTransferCase(
    "import-keeps-everything",
    "Imported documents have the versions, times, tags, metadata and expiry of their source and are found as if they were put here. The session that they go to keeps its version, revision, token and idle time.",
    async (context, { log, documents, other }) => {
      const [session, target] = twoSessions(context);
      await log.append(session, messages(2), { ttlMs: 10 * day });
      await copySession(log, session, other.log, target);
      await log.unseal(session);
      const head = await log.head(target);
      const scopes = [
        [session, target],
        [{ tenant: context.tenant }, { tenant: archiveTenant(context) }],
      ] as const;
      for (const [from, to] of scopes) {
        await putAll(documents, from, inputs);
        await documents.put(inScope(from, "d"), { value: "written twice" });
        const expected = await storedIn(context, documents, from);
        const batches = await exportBatches(context, documents, from, 3);
        const result = await importBatches(other.documents, to, batches);
        equal(result, { imported: 4, unchanged: 0, expired: 0 }, "what was imported");
        equal(await storedIn(context, documents, to), expected, "what is stored in the copy");
        equal(await storedIn(context, documents, from), expected, "what is stored in the source");
        for (const { key } of expected) {
          const [left, right] = [
            await documents.get(inScope(to, key)),
            await other.documents.get(inScope(from, key)),
          ];
          const { expiresAt: _, ...copy } = present(left, "the copy of a document");
          const { expiresAt: __, ...original } = present(right, "the original");
          equal(copy, original, `the copy of ${key}`);
        }
        const found = await findAll(context, context.other, to, {
          tags: { all: ["t"] },
          where: { path: ["metadata", "m", "n"], $eq: 1 },
        });
        equal(
          found.map(({ key }) => key),
          ["a"],
          "what is found in the copy",
        );
      }
      equal(await other.log.head(target), head, "the head of the session after the import");
    },
  ),
  documentTransferCase(
    "later-versions-are-greater",
    "Puts after an import get versions above all that the source gave, also at addresses that the source had deleted, and in a session that arrives without documents.",
    async (context, { log, documents, other }) => {
      const tenants = (kind: string) => [`${context.tenant}-${kind}`, `${context.tenant}-${kind}-archive`];
      for (const kind of ["full", "empty", "owners"]) {
        const session = kind === "owners" ? undefined : "session";
        const [source, target] = tenants(kind).map((tenant) => ({
          tenant,
          ...(session === undefined ? {} : { session }),
        })) as [DocumentScope, DocumentScope];
        if (session !== undefined) await log.append({ tenant: source.tenant, session }, messages(1));
        for (let round = 0; round < 5; round++)
          await documents.put(inScope(source, "kept"), { value: round });
        const { version } = await documents.put(inScope(source, "deleted"), { value: 1 });
        await documents.delete(inScope(source, "deleted"));
        if (kind === "empty") await documents.delete(inScope(source, "kept"));
        const copy = { tenant: target.tenant, session: "session" };
        if (session !== undefined)
          await copySession(log, { tenant: source.tenant, session }, other.log, copy);
        const batches = await exportBatches(context, documents, source);
        await importBatches(other.documents, target, batches);
        if (session !== undefined) await other.log.unseal(copy);
        for (const key of ["deleted", "kept", "new"]) {
          const later = await documents.put(inScope(target, key), { value: "later" });
          check(
            later.version > version,
            `${key} got version ${later.version} after ${version} was given in the source`,
          );
        }
      }
    },
  ),
  documentTransferCase(
    "import-keeps-the-own-expiry",
    "A document that was cut short by the end of its session gets its own time back when the copy's session lives on; one whose time is over is not written, and counted as expired.",
    (given, { log, documents, other }) =>
      inTime(given, async (context, ttlMs) => {
        const [source, target] = twoSessions(context);
        await log.append(source, messages(1), { ttlMs: day });
        await putAll(documents, source, {
          brief: { value: 1, ttlMs },
          long: { value: 2, ttlMs: 30 * day },
          ever: { value: 3 },
        });
        await copySession(log, source, other.log, target);
        const batch = await onlyBatch(context, documents, source);
        await context.advance(ttlMs + 100);
        const result = await other.documents.importDocuments(target, batch);
        equal(result, { imported: 2, unchanged: 0, expired: 1 }, "what was imported");
        equal(await documents.get(inScope(target, "brief")), undefined, "a document whose time is over");
        const cut = present(await documents.get(inScope(target, "long")), "the copy").expiresAt;
        equal(cut, (await log.head(target))?.expiresAt, "the expiry while the session is to end first");
        await other.log.unseal(target);
        await log.touch(target, { ttlMs: null });
        const [long, ever] = [
          await documents.get(inScope(target, "long")),
          await documents.get(inScope(target, "ever")),
        ];
        equal(long?.expiresAt, present(long, "the copy").updatedAt + 30 * day, "the expiry of its own");
        check(ever !== undefined && !("expiresAt" in ever), "a document that lives for ever has an end");
      }),
  ),
  documentTransferCase(
    "import-can-be-repeated",
    "A batch that comes again changes nothing, also after the copy was unsealed and its documents got another expiry; one that overlaps adds what is missing.",
    async (context, { log, documents, other }) => {
      const [source, target] = twoSessions(context);
      await log.append(source, messages(1));
      await putAll(documents, source, inputs);
      await copySession(log, source, other.log, target);
      const batches = await exportBatches(context, documents, source, 2);
      await documents.importDocuments(target, present(batches[0], "the first batch"));
      const result = await importBatches(other.documents, target, batches);
      equal(result, { imported: 2, unchanged: 2, expired: 0 }, "what the overlapping import found");
      await log.unseal(target);
      await documents.touch(inScope(target, "a"), { ttlMs: 2 * day });
      await documents.touch(inScope(target, "b"), { ttlMs: null });
      const before = [await storedIn(context, documents, target), await log.head(target)];
      for (const { documents: handle } of [{ documents }, other]) {
        const again = await importBatches(handle, target, batches);
        equal(again, { imported: 0, unchanged: 4, expired: 0 }, "what the repeated import found");
      }
      const after = [await storedIn(context, documents, target), await log.head(target)];
      equal(after, before, "the copy after repeated imports");
      const next = await documents.put(inScope(target, "a"), { value: "later" });
      await conflicts(
        "import",
        "a batch that comes after a put",
        () => importBatches(other.documents, target, batches),
        { version: next.version, index: 0 },
      );
      equal((await documents.get(inScope(target, "a")))?.value, "later", "the value after a late batch");
    },
  ),
  documentTransferCase(
    "import-replaces-older-copies",
    "A later version of the same document takes the place of an older copy, with its tags.",
    async (context, { documents, other }) => {
      const [source, target] = [{ tenant: context.tenant }, { tenant: archiveTenant(context) }];
      await documents.put(inScope(source, "k"), { value: 1, tags: ["old"], ttlMs: day });
      await documents.importDocuments(target, await onlyBatch(context, documents, source));
      await documents.put(inScope(source, "k"), { value: 2, tags: ["new"] });
      const result = await other.documents.importDocuments(
        target,
        await onlyBatch(context, documents, source),
      );
      equal(result, { imported: 1, unchanged: 0, expired: 0 }, "what was imported");
      equal(
        await storedIn(context, documents, target),
        await storedIn(context, documents, source),
        "the copy after a later import",
      );
      const archive = { ...context, tenant: archiveTenant(context) };
      equal(await keysFound(archive, context.store, { tags: { any: ["old"] } }), [], "found by the old tag");
      equal(
        await keysFound(archive, context.store, { tags: { any: ["new"] } }),
        ["k"],
        "found by the new tag",
      );
    },
  ),
  documentTransferCase(
    "import-refuses-what-is-newer-or-other",
    "Where a newer version is here, other content, or another document, the import is a conflict `import` with the version that is here and the place in the batch, and nothing of the session is written.",
    async (context, { log, documents, other }) => {
      const [source, target] = twoSessions(context);
      await log.append(source, messages(1));
      await putAll(documents, source, inputs);
      await copyWithDocuments(context, { log, documents, other }, source, target);
      const batch = await onlyBatch(context, documents, source);
      const [a, , , d] = batch.documents;
      const ours = present(d, "a document");
      const before = await storedIn(context, documents, target);
      // The first document would be written if only that one were looked at.
      const fresh = { ...present(a, "a document"), key: "A" };
      const others: readonly (readonly [string, Partial<TransferredDocument>])[] = [
        ["an older version", { version: ours.version - 1 }],
        ["the same version with another value", { value: "forged" }],
        ["the same version with other tags", { tags: ["forged"] }],
        ["the same version with other metadata", { metadata: { forged: true } }],
        ["the same version of another time", { updatedAt: ours.updatedAt + 1 }],
        ["another document", { createdAt: ours.createdAt + 1 }],
        [
          "a later version of another document",
          { createdAt: ours.createdAt - 1, version: batch.version + 9 },
        ],
      ];
      for (const [what, change] of others) {
        const { documents: given, ...rest } = changed(batch, "d", change);
        const forged = { ...rest, version: batch.version + 9, documents: [fresh, ...given] };
        await conflicts("import", what, () => other.documents.importDocuments(target, forged), {
          version: ours.version,
          index: 4,
        });
        equal(await storedIn(context, documents, target), before, `the copy after ${what}`);
      }
    },
  ),
  documentTransferCase(
    "owners-are-imported-one-by-one",
    "A batch of several owners is written owner by owner in its order, each all or nothing; what is refused says its place in the batch, and that earlier owners may be written; the import goes on when it is repeated.",
    async (context, { documents, other }) => {
      const [source, target] = await ownersOf(context, documents);
      const batch = await onlyBatch(context, documents, source);
      const inTheWay = inScope(target, "b", ["users", "u2", "history"]);
      // Two documents that were made in one millisecond could be taken for one.
      await context.advance(10);
      const { version } = await documents.put(inTheWay, { value: "in the way" });
      await refuses(
        () => other.documents.importDocuments(target, batch),
        "conflict",
        "a document of the second owner",
        { conflict: "import", version, index: 3 },
        "unknown",
      );
      const values = (await storedIn(context, documents, target)).map(({ value }) => value);
      equal(values, [1, 2, "in the way"], "what is there after the refusal");
      await documents.delete(inTheWay);
      const result = await documents.importDocuments(target, batch);
      equal(result, { imported: 3, unchanged: 2, expired: 0 }, "what the repeated import found");
      equal(await storedIn(context, other.documents, target), batch.documents, "the copy");
    },
  ),
  documentTransferCase(
    "imports-and-puts-do-not-overwrite",
    "Of an import and a put that race for an address one is refused; of two imports of one batch that race both succeed, and each document is written once.",
    async (context, { documents, other }) => {
      const [source, target] = [{ tenant: context.tenant }, { tenant: archiveTenant(context) }];
      for (let round = 0; round < 8; round++) {
        const namespace = ["race", `${round}`];
        await putAll(documents, source, { a: { value: "copy" }, b: { value: "copy" } }, namespace);
        const all = await onlyBatch(context, documents, source);
        const batch = { ...all, documents: all.documents.filter((one) => one.namespace[1] === `${round}`) };
        // Two documents that were made in one millisecond could be taken for one.
        await context.advance(10);
        const load = (): Promise<unknown> => documents.importDocuments(target, batch);
        const put = (): Promise<unknown> =>
          other.documents.put(inScope(target, "b", namespace), { value: "own" }, { expectedVersion: 0 });
        const calls = round % 2 === 0 ? [load(), put()] : [put(), load()];
        const won = (await Promise.allSettled(calls)).filter(({ status }) => status === "fulfilled");
        equal(won.length, 1, `how many of an import and a put have won in round ${round}`);
        const twice = { ...batch, documents: batch.documents.map((one) => ({ ...one, key: `${one.key}2` })) };
        const results = await Promise.all([
          documents.importDocuments(target, twice),
          other.documents.importDocuments(target, twice),
        ]);
        const sum = results.reduce((total, { imported }) => total + imported, 0);
        equal(sum, 2, "how many documents two imports of one batch have written");
      }
    },
  ),
  documentTransferCase(
    "import-needs-its-session",
    "Documents of a session are `not-found` where it is not, a conflict `incarnation` where another one lives, and a conflict `import` with `sealed: false` where it is open, unless nothing is to be written; nothing changes.",
    async (context, { log, documents, other }) => {
      const [source, target] = twoSessions(context);
      await log.append(source, messages(2));
      await putAll(documents, source, inputs);
      const batch = await onlyBatch(context, documents, source);
      const bare = { ...batch, documents: [] };
      for (const given of [batch, bare]) {
        await refuses(
          () => documents.importDocuments(target, given),
          "not-found",
          "an import without its session",
        );
        equal(await log.head(target), undefined, "the session after the refusal");
      }
      await log.append(target, [says("lives here")]);
      const strangers = async (): Promise<void> => {
        const { incarnation } = present(await log.head(target), "the head");
        for (const given of [batch, bare])
          await conflicts(
            "incarnation",
            "documents of another incarnation",
            () => other.documents.importDocuments(target, given),
            { incarnation },
          );
      };
      await strangers();
      await documents.put(inScope(target, "a"), { value: "lives here" });
      await log.seal(target);
      await strangers();
      equal((await storedIn(context, documents, target)).length, 1, "documents of who lives there");
      await log.delete(target);
      await copySession(log, source, other.log, target);
      await log.unseal(target);
      await conflicts(
        "import",
        "an import into an open session",
        () => documents.importDocuments(target, batch),
        { sealed: false },
      );
      equal(await storedIn(context, documents, target), [], "documents of the open session");
      await log.seal(target);
      await other.documents.importDocuments(target, batch);
      await log.unseal(target);
      for (const given of [batch, bare]) await documents.importDocuments(target, given);
    },
  ),
  documentTransferCase(
    "operations-stay",
    "Operations of documents do not travel: an id that the source knows is free in the copy.",
    async (context, { log, documents, other }) => {
      const [source, target] = twoSessions(context);
      await log.append(source, messages(1));
      const operation = operationOf("put-1");
      await documents.put(inScope(source, "k"), { value: "first" }, { operation });
      await copyWithDocuments(context, { log, documents, other }, source, target);
      await log.unseal(target);
      const again = operationOf("put-1", "another request");
      const written = await documents.put(inScope(target, "k"), { value: "second" }, { operation: again });
      equal(written.value, "second", "what a put under an operation of the source wrote");
    },
  ),
  documentTransferCase(
    "imports-are-reported",
    "The change feed reports the session and each owner that an import has written.",
    async (context, { log, documents, other }) => {
      const { feed } = context.store;
      if (feed === undefined) return;
      const [session, target] = twoSessions(context);
      await log.append(session, messages(1));
      await putAll(documents, session, inputs);
      await copySession(log, session, other.log, target);
      const [source, archive] = await ownersOf(context, documents);
      const batch = await onlyBatch(context, documents, source);
      const ofSession = await onlyBatch(context, documents, session);
      let { cursor } = await feed.changes(archive.tenant, { from: "now" });
      await other.documents.importDocuments(archive, batch);
      await other.documents.importDocuments(target, ofSession);
      const names = new Set<string>();
      // On a cluster the feed may lag.
      for (let left = 1 + (context.lagMs ?? 0); left > 0 && names.size < 4; left -= 50) {
        const page = await feed.changes(archive.tenant, { cursor });
        ({ cursor } = page);
        for (const unit of page.units)
          names.add(unit.kind === "session" ? unit.session : unit.namespace.join("/"));
        if (names.size < 4 && left > 50) await context.advance(50);
      }
      equal([...names].toSorted(), ["session", "users/u1", "users/u2", "zones"], "the units reported");
    },
    "feed",
  ),
];
