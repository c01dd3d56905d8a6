import type { Document, DocumentAddress, DocumentWriteOptions } from "@relevo/core";
import { check, equal, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { letExpire, operationOf } from "../../samples.ts";
import { bothHandles, caseOf, changesNothing, conflicts, ofSession, standAlone } from "./support.ts";

const operation = operationOf("remember-1");

/** A document that stands alone and one of a session, each with others of its unit. */
function units(
  context: CaseContext,
): readonly (readonly [what: string, at: (key: string) => DocumentAddress])[] {
  return [
    ["an owner's document", (key) => standAlone(context, key, ["users", "u1"])],
    ["a session's document", (key) => ofSession({ tenant: context.tenant, session: "s" }, key)],
  ];
}

/** Operations of document writes: what makes their retries safe. */
export const documentOperationCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "operation-replays-a-put",
    "A put or putMany under a known operation with the same fingerprint writes nothing and returns the documents as they were then written, also through another handle, after later writes and after a delete.",
    async (context) => {
      for (const [what, at] of units(context)) {
        const { documents } = context.store;
        const input = { value: { name: "Ada" }, tags: ["b", "a"], metadata: { by: "x" }, ttlMs: 600_000 };
        const first = await documents.put(at("k"), input, { operation });
        const again = async (note: string): Promise<void> => {
          await changesNothing(context, `A retried put of ${what} ${note}`, async () => {
            for (const [name, store] of bothHandles(context))
              equal(
                await store.documents.put(at("k"), input, { operation }),
                first,
                `${name}, ${what} ${note}`,
              );
          });
        };
        await again("at once");
        await context.advance(20);
        await context.other.documents.put(at("k"), { value: "later" });
        await again("after a later write");
        await documents.delete(at("k"));
        await again("after a delete");

        const many = { operation: operationOf("remember-2") };
        const writes = ["x", "y"].map((key) => ({ address: at(key), value: key }));
        const stored = await documents.putMany(writes, many);
        await documents.put(at("x"), { value: "later" });
        await changesNothing(context, `A retried putMany of ${what}`, async () =>
          equal(await context.other.documents.putMany(writes, many), stored, `a retried putMany of ${what}`),
        );
      }
    },
  ),
  caseOf(
    "documents",
    "operation-replays-a-delete",
    "A delete or deleteMany under a known operation answers what it answered first and removes nothing that was written since.",
    async (context) => {
      for (const [what, at] of units(context)) {
        const { documents } = context.store;
        await documents.put(at("k"), { value: 1 });
        equal(await documents.delete(at("k"), { operation }), true, `the first delete of ${what}`);
        await documents.put(at("k"), { value: 2 });
        await changesNothing(context, `A retried delete of ${what}`, async () =>
          equal(await context.other.documents.delete(at("k"), { operation }), true, `a retry of ${what}`),
        );
        const none = { operation: operationOf("forget-nothing") };
        equal(await documents.delete(at("none"), none), false, `a delete of nothing in ${what}`);
        await documents.put(at("none"), { value: 3 });
        equal(await documents.delete(at("none"), none), false, `a retried delete of nothing in ${what}`);
        const many = { operation: operationOf("forget-many") };
        const deletes = ["k", "none", "other"].map((key) => ({ address: at(key) }));
        equal(await documents.deleteMany(deletes, many), 2, `how many a deleteMany of ${what} removed`);
        await documents.put(at("k"), { value: 4 });
        equal(await context.other.documents.deleteMany(deletes, many), 2, `a retried deleteMany of ${what}`);
        equal((await documents.get(at("k")))?.value, 4, `${what} that was written since`);
      }
    },
  ),
  caseOf(
    "documents",
    "operation-names-one-request",
    "The same operation id with another fingerprint, for a put or a delete of its unit, is a conflict `operation` and changes nothing; other units and the log do not share it.",
    async (context) => {
      for (const [what, at] of units(context)) {
        const { documents } = context.store;
        await documents.put(at("k"), { value: 1 }, { operation });
        const other = { operation: operationOf("remember-1", "another request") };
        await changesNothing(context, `Another request under an operation of ${what}`, async () => {
          const calls: readonly (() => Promise<unknown>)[] = [
            () => context.other.documents.put(at("k"), { value: 2 }, other),
            () => documents.put(at("another key"), { value: 2 }, other),
            () => documents.putMany([{ address: at("k"), value: 2 }], other),
            () => documents.delete(at("k"), other),
            () => documents.deleteMany([{ address: at("k") }], other),
          ];
          for (const call of calls)
            await conflicts("operation", `another request of ${what}`, call, { operation: "remember-1" });
        });
      }
      const { documents, log } = context.store;
      const neighbour = await documents.put(
        standAlone(context, "k", ["users", "u2"]),
        { value: 5 },
        { operation },
      );
      equal(neighbour.value, 5, "the same operation id in another unit");
      const address = { tenant: context.tenant, session: "s" };
      const { replayed } = await log.append(address, [{ type: "x-note", body: 1 }], { operation });
      equal(replayed, false, "the same operation id in the session's log");
    },
  ),
  caseOf(
    "documents",
    "operation-comes-before-the-guards",
    "A retry replays although its expected version is stale by now, another holder has the lease, or the session is sealed; what was refused is not remembered.",
    async (context) => {
      const { documents, leases } = context.store;
      const address = { tenant: context.tenant, session: "s" };
      const at = ofSession(address, "k");
      const lease = await leases?.acquire(address, { ttlMs: 600_000 });
      const options: DocumentWriteOptions & { readonly expectedVersion: number } = {
        operation,
        expectedVersion: 0,
        ...(lease === undefined ? {} : { fence: lease.fence }),
      };
      const first = await documents.put(at, { value: 1 }, options);
      await documents.put(at, { value: 2 });
      await lease?.release();
      await leases?.acquire(address, { ttlMs: 600_000 });
      equal(await documents.put(at, { value: 1 }, options), first, "a retry with a stale version and fence");
      const refused = { operation: operationOf("refused"), expectedVersion: 1e15 };
      await conflicts("version", "a stale put", () => documents.put(at, { value: 3 }, refused));
      const { value } = await documents.put(at, { value: 3 }, { operation: operationOf("refused") });
      equal(value, 3, "the retry of a refused operation");
    },
  ),
  caseOf(
    "documents",
    "operation-races-are-applied-once",
    "Of several puts and deletes under one operation that race through both handles one is applied, and all answer alike.",
    async (context) => {
      for (const [what, at] of units(context)) {
        const puts = await Promise.all(
          [context.store, context.other, context.store, context.other].map((store) =>
            store.documents.put(at("k"), { value: 1 }, { operation }),
          ),
        );
        equal(new Set(puts.map(({ version }) => version)).size, 1, `versions of racing puts of ${what}`);
        equal(
          (await context.store.documents.get(at("k")))?.version,
          puts[0]?.version,
          `the version of ${what}`,
        );
      }
    },
  ),
  caseOf(
    "documents",
    "operation-of-an-ended-session-is-lost",
    "A retry after the session was deleted or has expired is `history-lost` and brings nothing back, also when no incarnation is named.",
    async (context) => {
      const { documents, log } = context.store;
      for (const end of ["delete", "expire"]) {
        const address = { tenant: context.tenant, session: end };
        const at = ofSession(address, "k");
        await documents.put(at, { value: 1 }, { operation });
        await documents.delete(at, { operation: operationOf("forget-1") });
        if (end === "delete") await log.delete(address);
        else await letExpire(context, address);
        await refuses(documents.put(at, { value: 1 }, { operation }), "history-lost", `a retry after ${end}`);
        await refuses(
          documents.delete(at, { operation: operationOf("forget-1") }),
          "history-lost",
          `a retried delete after ${end}`,
        );
        equal(await log.head(address), undefined, `the session after ${end}`);
        const document: Document = await documents.put(at, { value: 2 }, { operation: operationOf("new") });
        check(document.incarnation !== undefined, "a new operation begins the session again");
        await refuses(
          context.other.documents.put(at, { value: 1 }, { operation }),
          "history-lost",
          "an old retry in the session that began again",
        );
      }
    },
  ),
  caseOf(
    "documents",
    "operation-form",
    "An operation needs an id and a fingerprint within the limits, and is taken by all four writes and by no other call.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "k");
      const refused: readonly unknown[] = [
        undefined,
        null,
        "remember-1",
        { id: "", fingerprint: "f" },
        { id: "i" },
        { id: "i", fingerprint: "f", extra: 1 },
        { id: "\0", fingerprint: "f" },
      ];
      for (const one of refused) {
        const options = { operation: one } as never;
        const what = `the operation ${JSON.stringify(one)}`;
        await refuses(() => documents.put(address, { value: 1 }, options), "invalid-input", `put, ${what}`);
        await refuses(
          () => documents.putMany([{ address, value: 1 }], options),
          "invalid-input",
          `putMany, ${what}`,
        );
        await refuses(() => documents.delete(address, options), "invalid-input", `delete, ${what}`);
        await refuses(
          () => documents.deleteMany([{ address }], options),
          "invalid-input",
          `deleteMany, ${what}`,
        );
      }
      const touching = { ttlMs: null, operation } as never;
      await refuses(() => documents.touch(address, touching), "invalid-input", "touch with an operation");
    },
  ),
];
