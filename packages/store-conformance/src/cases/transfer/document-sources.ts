import type { DocumentBatch, DocumentScope, DocumentSources, SessionAddress } from "@relevo/core";
import { maxImportedVersion } from "@relevo/core/store";
import type { TransferHandles } from "../../capabilities.ts";
import { check, equal, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { messages, range, retracts, trimAll } from "../../samples.ts";
import { changesNothing, conflicts, standAlone } from "../documents/support.ts";
import {
  archiveTenant,
  documentTransferCase,
  inScope,
  onlyBatch,
  storedIn,
  twoSessions,
} from "./copy-documents.ts";
import { copySession } from "./copy-session.ts";

/** What names one event of the session, as it is now. */
async function eventOf(
  { log }: Pick<TransferHandles, "log">,
  address: SessionAddress,
  seq: number,
): Promise<DocumentSources> {
  const { incarnation, removalRevision } = await log.read(address);
  const { session } = address;
  return {
    events: {
      session,
      incarnation: present(incarnation, "an incarnation"),
      removalRevision,
      ranges: [range(seq)],
    },
  };
}

/** A session of 8 messages, with documents in it and beside it that repeat some of them, and the archive's copy of it. */
async function fill(
  context: CaseContext,
  handles: TransferHandles,
): Promise<{
  readonly source: SessionAddress;
  readonly target: SessionAddress;
  readonly sources: DocumentSources;
}> {
  const { log, documents, other } = handles;
  const [source, target] = twoSessions(context);
  await log.append(source, messages(8));
  for (const seq of [2, 4, 6]) {
    const derivedFrom = await eventOf(handles, source, seq);
    await documents.put(inScope(source, `of-${seq}`), { value: `words of ${seq}`, derivedFrom });
    const address = standAlone(context, `of-${seq}`, ["users", `u${seq}`]);
    await documents.put(address, { value: `words of ${seq}`, derivedFrom });
  }
  const { namespace, key, version } = await documents.put(standAlone(context, "plain"), { value: 1 });
  await documents.put(standAlone(context, "of-plain"), {
    value: 1,
    derivedFrom: { documents: [{ namespace, key, version }] },
  });
  await copySession(log, source, other.log, target);
  return { source, target, sources: await eventOf(handles, source, 2) };
}

async function keysIn(
  context: CaseContext,
  { documents }: Pick<TransferHandles, "documents">,
  scope: DocumentScope,
): Promise<readonly string[]> {
  return (await storedIn(context, documents, scope)).map(({ key }) => key);
}

/** What imported documents repeat, and what an import never takes. */
export const documentSourceCases: readonly ConformanceCase[] = [
  documentTransferCase(
    "sources-are-followed",
    "What imported documents are derived from travels with them: an erasure of the copy's events, and the delete of a copied document, remove them with what is derived from them.",
    async (context, handles) => {
      const { log, documents, other } = handles;
      const { source, target } = await fill(context, handles);
      const [owners, archive] = [{ tenant: context.tenant }, { tenant: archiveTenant(context) }];
      for (const [from, to] of [
        [source, target],
        [owners, archive],
      ] as const) {
        await other.documents.importDocuments(to, await onlyBatch(context, documents, from));
        const expected = await storedIn(context, documents, from);
        equal(await storedIn(context, other.documents, to), expected, "the copies with their sources");
      }
      const { documents: erased = [] } = await log.erase(target, { seqs: [range(2)] });
      const named = erased.map(({ session = "alone", key }) => `${session} ${key}`);
      equal(named.toSorted(), ["alone of-2", "session of-2"], "the documents that the erasure names");
      await other.documents.delete({ ...archive, namespace: ["notes"], key: "plain" });
      equal(await keysIn(context, handles, target), ["of-4", "of-6"], "what is left in the copied session");
      equal(await keysIn(context, handles, archive), ["of-4", "of-6"], "what is left beside it");
      equal((await keysIn(context, handles, source)).length, 3, "documents of the source");
    },
  ),
  documentTransferCase(
    "erased-words-stay-away",
    "A document that repeats an event which was erased here after the document was derived is a conflict `removal` with its place in the batch, and nothing of its unit is written. An earlier erasure, a retraction, a trim, and a session that is not here refuse nothing.",
    async (context, handles) => {
      const { log, documents, other } = handles;
      const { source, target } = await fill(context, handles);
      const [owners, archive] = [{ tenant: context.tenant }, { tenant: archiveTenant(context) }];
      const ofSession = await onlyBatch(context, documents, source);
      const alone = await onlyBatch(context, documents, owners);
      await log.erase(target, { seqs: [range(4), range(8)] });
      await conflicts(
        "removal",
        "a document that repeats an erased event",
        () => other.documents.importDocuments(target, ofSession),
        { index: 1 },
      );
      equal(await keysIn(context, handles, target), [], "documents of the session after the refusal");
      const index = alone.documents.findIndex(({ key }) => key === "of-4");
      await refuses(
        () => documents.importDocuments(archive, alone),
        "conflict",
        "a document of an owner that repeats an erased event",
        { conflict: "removal", index },
        // Owners before it are written.
        "unknown",
      );
      const spared = (batch: DocumentBatch): DocumentBatch => ({
        ...batch,
        documents: batch.documents.filter(({ key }) => key !== "of-4"),
      });
      await log.unseal(target);
      await log.append(target, [retracts(range(6))]);
      await trimAll(log, target, { beforeSeq: 3 });
      await log.seal(target);
      await other.documents.importDocuments(target, spared(ofSession));
      equal(await keysIn(context, handles, target), ["of-2", "of-6"], "what no erasure has reached");
      // Derived when the erasure had been seen, from what stands around the tombstone.
      const later = await eventOf(handles, target, 8);
      const [of2] = ofSession.documents;
      const derivedFrom = { events: { ...present(later.events, "events"), ranges: [range(3, 8)] } };
      const { updatedAt } = present(await log.head(target), "the head");
      const aware = {
        ...present(of2, "a document"),
        key: "of-3-to-8",
        updatedAt: updatedAt + 1,
        derivedFrom,
      };
      await documents.importDocuments(target, { ...ofSession, documents: [aware] });
      await log.delete(target);
      await documents.importDocuments(archive, alone);
      check((await keysIn(context, handles, archive)).includes("of-4"), "a source that is not here refuses");
    },
  ),
  documentTransferCase(
    "kept-documents-come-back",
    'An erasure with `derived: "keep"` leaves the documents that are derived from its events, and refuses none of them that is imported later; an erasure of the same events without it removes them.',
    async (context, handles) => {
      const { log, documents, other } = handles;
      const { source, target } = await fill(context, handles);
      const batch = await onlyBatch(context, documents, source);
      await log.unseal(source);
      const result = await log.erase(source, { seqs: [range(2)], derived: "keep" });
      equal(result.documents, undefined, "the documents that the erasure names");
      equal(await keysIn(context, handles, source), ["of-2", "of-4", "of-6"], "documents of the source");
      await context.advance(10);
      await log.erase(target, { seqs: [range(2)], derived: "keep" });
      await other.documents.importDocuments(target, batch);
      equal(await keysIn(context, handles, target), ["of-2", "of-4", "of-6"], "documents of the copy");
      const { documents: erased = [] } = await other.log.erase(source, { seqs: [range(2)] });
      equal(
        erased.map(({ key }) => key).toSorted(),
        ["of-2", "of-2"],
        "the documents that an erasure removes",
      );
    },
  ),
  documentTransferCase(
    "erasures-of-copies-count-by-time",
    "A document is refused too when the copy erased its words later than it was written, although the source has gone on and counts more removals than the copy.",
    async (context, handles) => {
      const { log, documents } = handles;
      const { source, target } = await fill(context, handles);
      await log.unseal(source);
      for (const seq of [1, 3, 5]) await log.erase(source, { seqs: [range(seq)] });
      for (const seq of [7, 8]) {
        const derivedFrom = await eventOf(handles, source, seq);
        await documents.put(standAlone(context, `of-${seq}`, ["later"]), {
          value: `words of ${seq}`,
          derivedFrom,
        });
      }
      await context.advance(10);
      await log.erase(target, { seqs: [range(7)] });
      const batch = await onlyBatch(context, documents, { tenant: context.tenant });
      const later = batch.documents.filter(({ namespace }) => namespace[0] === "later");
      const archive = { tenant: archiveTenant(context) };
      await conflicts(
        "removal",
        "a document that repeats what the copy has erased",
        () => documents.importDocuments(archive, { ...batch, documents: later }),
        { index: 0 },
      );
      await documents.importDocuments(archive, { ...batch, documents: later.slice(1) });
      equal(await keysIn(context, handles, archive), ["of-8"], "what no erasure has reached");
    },
  ),
  documentTransferCase(
    "no-import-survives-a-race",
    "Of imports that race with the erasure of what the documents repeat each is refused or its documents removed: when all have ended none is left.",
    async (context, handles) => {
      const { log, documents, other } = handles;
      const archive = { tenant: archiveTenant(context) };
      for (let round = 0; round < 6; round++) {
        const [source, target] = twoSessions(context, `session-${round}`);
        await log.append(source, messages(2));
        await copySession(log, source, other.log, target);
        const derivedFrom = await eventOf(handles, target, 2);
        const batch = (key: string): DocumentBatch => ({
          version: 1,
          documents: [
            {
              namespace: ["race", key],
              key,
              value: "words of 2",
              version: 1,
              tags: [],
              metadata: {},
              createdAt: 1,
              updatedAt: 1,
              derivedFrom,
            },
          ],
        });
        const load = (key: string, index: number): Promise<unknown> =>
          (index % 2 === 0 ? documents : other.documents).importDocuments(archive, batch(`${round}-${key}`));
        const outcomes = await Promise.allSettled([
          ...["a", "b", "c"].map(load),
          other.log.erase(target, { seqs: [range(2)] }),
          ...["d", "e", "f"].map(load),
        ]);
        equal(outcomes[3]?.status, "fulfilled", "the erasure");
        equal(await keysIn(context, handles, archive), [], "documents after the race");
      }
    },
  ),
  documentTransferCase(
    "derived-of-moved-sessions-goes",
    "What is derived from a session that has moved away, and what is derived from that, is erased by the incarnation, also when another session has taken the id; that one and what is derived from it stay.",
    async (context, handles) => {
      const { log, documents, other } = handles;
      const { source } = await fill(context, handles);
      const incarnation = present((await log.head(source))?.incarnation, "an incarnation");
      const of2 = present(await documents.get(standAlone(context, "of-2", ["users", "u2"])), "a document");
      const { namespace, key, version } = of2;
      await documents.put(standAlone(context, "of-of-2"), {
        value: "words of 2",
        derivedFrom: { documents: [{ namespace, key, version }] },
      });
      await log.delete(source);
      await log.append(source, messages(3));
      const derivedFrom = await eventOf(handles, source, 2);
      await documents.put(standAlone(context, "of-the-next"), { value: 1, derivedFrom });
      const erased = await other.documents.eraseDerived(source, { incarnation });
      equal(erased.map((one) => one.key).toSorted(), ["of-2", "of-4", "of-6", "of-of-2"], "what is erased");
      const left = ["of-plain", "of-the-next", "plain"];
      equal((await keysIn(context, handles, { tenant: context.tenant })).toSorted(), left, "what is left");
      equal((await log.head(source))?.version, 3, "the version of the session that took the id");
      equal(await documents.eraseDerived(source, { incarnation }), [], "what another call erases");
    },
  ),
  documentTransferCase(
    "batches-are-admitted",
    "A batch is input like any other: of another form, out of order, past its own version, or with values that cannot be stored, it is refused and changes nothing.",
    async (context, handles) => {
      const { documents } = handles;
      const { source, target } = await fill(context, handles);
      const { limits } = context.store;
      const batch = await onlyBatch(context, documents, source);
      const [first, second] = batch.documents;
      const one = present(first, "a document");
      const two = present(second, "a document");
      const owner = { tenant: archiveTenant(context) };
      const alone = { version: batch.version, documents: [one] };
      const withOne = (change: object): object => ({ ...batch, documents: [{ ...one, ...change }] });
      const forms: readonly (readonly [string, DocumentScope, unknown])[] = [
        ["nothing", target, undefined],
        ["null", target, null],
        ["an array", target, [batch]],
        ["an unknown field", target, { ...batch, tenant: owner.tenant }],
        ["no version", target, { incarnation: batch.incarnation, documents: [] }],
        ["a version that is none", target, { ...batch, version: Number.NaN }],
        ["a version that leaves no room", target, { ...batch, version: maxImportedVersion + 1 }],
        ["no documents", target, { ...batch, documents: undefined }],
        ["documents that are none", target, { ...batch, documents: { 0: one, length: 1 } }],
        ["a document that is none", target, { ...batch, documents: [null] }],
        ["no incarnation", target, alone],
        ["an incarnation that is undefined", target, { ...alone, incarnation: undefined }],
        ["an empty incarnation", target, { ...batch, incarnation: "" }],
        ["an incarnation for an owner", owner, batch],
        ["documents out of order", target, { ...batch, documents: [two, one] }],
        ["a document twice", target, { ...batch, documents: [one, one] }],
        ["a version past that of the batch", target, { ...withOne({}), version: one.version - 1 }],
        ...Object.entries<object>({
          "a version of 0": { version: 0 },
          "a version that is text": { version: "1" },
          "no key": { key: undefined },
          "an empty key": { key: "" },
          "an empty namespace": { namespace: [] },
          "a tenant": { tenant: owner.tenant },
          "a session": { session: "session" },
          "its incarnation": { incarnation: batch.incarnation },
          "no value": { value: undefined },
          "a value that JSON lacks": { value: [Number.NaN] },
          "half a surrogate pair": { value: "\ud83d" },
          "a key that is __proto__": { value: JSON.parse('{"__proto__": {"polluted": true}}') },
          "tags that are none": { tags: "t" },
          "an empty tag": { tags: [""] },
          "metadata that is none": { metadata: [] },
          "no creation": { createdAt: undefined },
          "a time that is none": { updatedAt: 1.5 },
          "a time past all": { updatedAt: 8.64e15 + 1 },
          "an expiry that is text": { expiresAt: "tomorrow" },
          "a lifetime": { ttlMs: 1000 },
          "sources of another form": { derivedFrom: { events: {} } },
          "sources of another tenant": {
            derivedFrom: { documents: [{ ...owner, namespace: ["n"], key: "k", version: 1 }] },
          },
        }).map(([what, change]) => [what, target, withOne(change)] as const),
      ];
      const sizes: readonly (readonly [string, unknown])[] = [
        ["a large value", withOne({ value: "x".repeat(limits.valueBytes + 1) })],
        ["large metadata", withOne({ metadata: { m: "x".repeat(limits.metadataBytes) } })],
        ["a long key", withOne({ key: "k".repeat(limits.idBytes + 1) })],
        ["many tags", withOne({ tags: Array.from({ length: limits.tags + 1 }, (_, n) => `t${n}`) })],
        ["a deep value", withOne({ value: nested(limits.depth + 1) })],
        ["many documents", { ...batch, documents: Array.from({ length: limits.batchItems + 1 }, () => one) }],
      ];
      await changesNothing({ ...context, tenant: owner.tenant }, "A batch of another form", async () => {
        for (const [what, scope, given] of forms)
          await refuses(
            () => documents.importDocuments(scope, given as DocumentBatch),
            "invalid-input",
            what,
          );
        for (const [what, given] of sizes)
          await refuses(() => documents.importDocuments(target, given as DocumentBatch), "too-large", what);
        const late = { ...batch, documents: [one, { ...two, version: 0 }] };
        await refuses(
          () => documents.importDocuments(target, late),
          "invalid-input",
          "a second document without a version",
          { index: 1 },
        );
      });
      check(!("polluted" in {}), "an object's prototype was polluted");
      await documents.importDocuments(target, { ...batch, version: maxImportedVersion });
      await handles.log.unseal(target);
      const { version } = await documents.put(inScope(target, "next"), { value: 1 });
      check(version > maxImportedVersion && Number.isSafeInteger(version + 1), `version ${version} is next`);
    },
  ),
];

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
