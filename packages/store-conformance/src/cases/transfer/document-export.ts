import type { DocumentInput, DocumentScope, TransferredDocument } from "@relevo/core";
import { encodeCursor } from "@relevo/core/store";
import { check, equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { messages, says } from "../../samples.ts";
import { findAll, pastShortTtlMs, settle, shortTtlMs } from "../documents/support.ts";
import {
  archiveTenant,
  documentTransferCase,
  exportBatches,
  importBatches,
  inScope,
  putAll,
  storedIn,
  twoSessions,
} from "./copy-documents.ts";

const day = 24 * 3600 * 1000;

/** What an export leaves out: the version is above that of everything. */
export const documentExportCases: readonly ConformanceCase[] = [
  documentTransferCase(
    "export-shows-what-is-stored",
    "An export returns the documents of a session, or of a tenant that stand alone, in the order of find with versions, times, tags, metadata and an expiry of their own, whatever the end of their session; expired ones are left out.",
    async (context, { log, documents, other }) => {
      const [session] = twoSessions(context);
      const { incarnation } = await log.append(session, messages(1), { ttlMs: 10 * day });
      for (const scope of [session, { tenant: context.tenant }] as readonly DocumentScope[]) {
        const inputs: readonly (readonly [string, readonly string[], DocumentInput])[] = [
          ["b", ["n", "x"], { value: { list: [1, "ñ 漢"] }, tags: ["t", "a"], metadata: { m: 1 } }],
          ["a", ["n", "x"], { value: "for a day", ttlMs: day }],
          ["k", ["n"], { value: "for longer than its session", ttlMs: 30 * day }],
          ["k", ["n", "x", "y"], { value: null }],
          ["k", ["m"], { value: "written twice" }],
          ["k", ["m"], { value: "twice" }],
        ];
        const expected = new Map<string, TransferredDocument>();
        for (const [key, namespace, input] of inputs) {
          const {
            incarnation: _,
            expiresAt: __,
            ...stored
          } = await documents.put(inScope(scope, key, namespace), input);
          const { ttlMs } = input;
          expected.set(
            `${namespace.join("/")} ${key}`,
            ttlMs === undefined ? stored : { ...stored, expiresAt: stored.updatedAt + ttlMs },
          );
        }
        await documents.put(inScope(scope, "brief"), { value: "gone", ttlMs: shortTtlMs });
        await context.advance(pastShortTtlMs);
        const found = await findAll(context, context.store, scope);
        const places = found.map(({ namespace, key }) => `${namespace.join("/")} ${key}`);
        for (const limit of [1, 2, 1000]) {
          const batches = await exportBatches(context, other.documents, scope, limit);
          equal(
            batches.flatMap((batch) => batch.documents),
            places.map((place) => expected.get(place)),
            `what exports of ${limit} return`,
          );
          for (const batch of batches)
            equal(
              batch.incarnation,
              scope.session === undefined ? undefined : incarnation,
              "the incarnation of a batch",
            );
        }
      }
    },
  ),
  documentTransferCase(
    "export-tells-the-greatest-version",
    "The version of a batch is not below any that was given in its units, those of deleted documents and of a session without any included.",
    async (context, { log, documents, other }) => {
      const [session] = twoSessions(context);
      await log.append(session, messages(1));
      for (const scope of [session, { tenant: context.tenant }] as readonly DocumentScope[]) {
        await documents.put(inScope(scope, "kept"), { value: 1 });
        const { version } = await documents.put(inScope(scope, "deleted"), { value: 1 });
        await documents.delete(inScope(scope, "deleted"));
        const [batch] = await exportBatches(context, other.documents, scope);
        const told = present(batch, "the batch").version;
        check(told >= version, `an export tells version ${told}, and ${version} was given`);
      }
      await documents.delete(inScope(session, "kept"));
      const later = await documents.put(inScope(session, "last"), { value: 1 });
      await documents.delete(inScope(session, "last"));
      const empty = present(await other.documents.exportDocuments(session), "the export");
      equal([empty.documents, empty.cursor], [[], undefined], "the export of a session without documents");
      check(empty.version >= later.version, `an empty export tells version ${empty.version}`);
    },
  ),
  documentTransferCase(
    "export-ends-by-bytes",
    "A batch of big documents has no more than `limits.batchBytes` of them, so that an import takes it; the batches together are all documents.",
    async (context, { log, documents, other }) => {
      const { batchBytes, valueBytes } = context.store.limits;
      const [source, target] = twoSessions(context);
      await log.append(source, messages(1));
      const each = Math.trunc(valueBytes * 0.9);
      const count = Math.ceil(batchBytes / each) + 1;
      for (let index = 1; index <= count; index++)
        await documents.put(inScope(source, `k${index}`), { value: "x".repeat(each) });
      await log.seal(source);
      const batches = await exportBatches(context, documents, source, 1000);
      for (const batch of batches) {
        const bytes = batch.documents.length * each;
        check(bytes <= batchBytes, `a batch of ${bytes} bytes under batchBytes ${batchBytes}`);
      }
      await other.log.importEvents(target, present(await log.exportEvents(source), "the events"));
      const result = await importBatches(other.documents, target, batches);
      equal(result, { imported: count, unchanged: 0, expired: 0 }, "what was imported");
    },
  ),
  documentTransferCase(
    "export-stays-in-its-scope",
    "An export shows no document of another tenant, of another session, or of the other kind; a cursor taken elsewhere opens nothing.",
    async (context, { log, documents }) => {
      const [session, archived] = twoSessions(context);
      const scopes: readonly DocumentScope[] = [
        session,
        archived,
        { ...session, session: "session-2" },
        { tenant: context.tenant },
        { tenant: archiveTenant(context) },
      ];
      for (const scope of scopes) {
        if (scope.session !== undefined)
          await log.append({ tenant: scope.tenant, session: scope.session }, [says("x")]);
        const value = { of: scope.tenant, session: scope.session ?? null };
        await putAll(documents, scope, { a: { value }, b: { value } });
      }
      await settle(context);
      for (const scope of scopes) {
        const expected = { of: scope.tenant, session: scope.session ?? null };
        const all = await storedIn(context, documents, scope);
        equal(
          all.map(({ value }) => value),
          [expected, expected],
          `the documents of ${JSON.stringify(scope)}`,
        );
        for (const from of scopes) {
          const { cursor } = present(await documents.exportDocuments(from, { limit: 1 }), "a page");
          const page = present(await documents.exportDocuments(scope, { cursor }), "the next page");
          equal(
            page.documents.map(({ value }) => value),
            [expected],
            "what a cursor of another scope opens",
          );
        }
      }
      const nothing = await documents.exportDocuments({ tenant: `${context.tenant}-nobody` });
      equal(
        [nothing?.documents, nothing?.cursor],
        [[], undefined],
        "the export of a tenant without anything",
      );
      const none = { ...session, session: "not there" };
      equal(await documents.exportDocuments(none), undefined, "the export of a session that is not there");
      for (const cursor of ["x", "", encodeCursor("documents", [["notes"], "a"])])
        await refuses(
          () => documents.exportDocuments(session, { cursor }),
          "invalid-input",
          `the cursor ${JSON.stringify(cursor)}`,
        );
    },
  ),
];
