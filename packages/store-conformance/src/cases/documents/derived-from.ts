import type { Document, DocumentAddress, DocumentSource, DocumentSources, SeqRange } from "@relevo/core";
import { check, equal, eventually, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, messages, range, retracts, says } from "../../samples.ts";
import { bothHandles, caseOf, changesNothing, conflicts, ofSession, standAlone } from "./support.ts";

/** These events of the session as they are now. */
async function eventsOf(
  context: CaseContext,
  session: string,
  ...ranges: readonly SeqRange[]
): Promise<DocumentSources> {
  const { incarnation, removalRevision } = await context.store.log.read(addressOf(context, session));
  return {
    events: { session, incarnation: present(incarnation, "an incarnation"), removalRevision, ranges },
  };
}

async function sourceOf(context: CaseContext, address: DocumentAddress): Promise<DocumentSource> {
  const { namespace, key, session } = address;
  const { version } = present(await context.store.documents.get(address), "the source");
  return { ...(session === undefined ? {} : { session }), namespace, key, version };
}

async function expectGone(
  context: CaseContext,
  gone: readonly DocumentAddress[],
  kept: readonly DocumentAddress[],
): Promise<void> {
  for (const [name, store] of bothHandles(context)) {
    for (const address of gone)
      equal(await store.documents.get(address), undefined, `${name} still sees ${address.key}`);
    for (const address of kept)
      check((await store.documents.get(address)) !== undefined, `${name} misses ${address.key}`);
  }
}

/** Documents that repeat events and other documents. */
export const derivedFromCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "derived-from-is-kept",
    "What a document is derived from is returned with it, by every read, and replaced with the whole document.",
    async (context) => {
      const { documents, log } = context.store;
      await log.append(addressOf(context, "s"), messages(3));
      const [source, address] = [standAlone(context, "source"), standAlone(context, "derived")];
      await documents.put(source, { value: 1 });
      const derivedFrom: DocumentSources = {
        ...(await eventsOf(context, "s", range(1, 2))),
        documents: [await sourceOf(context, source)],
      };
      const stored = await documents.put(address, { value: "a fact", derivedFrom });
      equal(stored.derivedFrom, derivedFrom, "derivedFrom of what was stored");
      for (const [name, store] of bothHandles(context)) {
        equal(await store.documents.get(address), stored, `${name} reads another document`);
        await eventually(context, async () => {
          const { items } = await store.documents.find({ tenant: context.tenant }, { keyBefore: "e" });
          equal(items, [stored], `${name} finds another document`);
        });
      }
      await documents.touch(address, { ttlMs: 600_000 });
      equal((await documents.get(address))?.derivedFrom, derivedFrom, "derivedFrom after a touch");
      const plain = await documents.put(address, { value: "of my own" });
      check(!("derivedFrom" in plain), "a document that is derived from nothing says so of something");
      await log.erase(addressOf(context, "s"), { seqs: [range(1)] });
      await expectGone(context, [], [address]);
      const none = await documents.put(address, { value: 1, derivedFrom: { documents: [] } });
      check(!("derivedFrom" in none), "a document that names no source has one");
    },
  ),
  caseOf(
    "documents",
    "removed-sources-are-refused",
    "A put is a conflict `removal` when an event that it names was erased, retracted or trimmed since it was read, its incarnation has ended, or a document that it names is not there at that version; a removal elsewhere does not refuse it.",
    async (context) => {
      const { documents, log } = context.store;
      const session = addressOf(context, "s");
      await log.append(session, messages(8));
      const seen = await eventsOf(context, "s", range(1, 2), range(5));
      const address = standAlone(context, "derived");
      const put = (derivedFrom: DocumentSources): Promise<unknown> =>
        context.other.documents.put(address, { value: 1, derivedFrom });
      await log.erase(session, { seqs: [range(3)] });
      await put(seen);
      const removals: readonly (readonly [string, () => Promise<unknown>, DocumentSources])[] = [
        [
          "an erased event",
          () => log.erase(session, { seqs: [range(4)] }),
          await eventsOf(context, "s", range(4)),
        ],
        [
          "a retracted event",
          () => log.append(session, [retracts(range(8))]),
          await eventsOf(context, "s", range(7, 8)),
        ],
      ];
      for (const [what, remove, sources] of removals) {
        await remove();
        await changesNothing(context, `A put that is derived from ${what}`, async () => {
          await conflicts("removal", what, () => put(sources));
          const writes = [{ address: standAlone(context, "other"), value: 1 }];
          const derived = { address, value: 2, derivedFrom: sources };
          await conflicts("removal", `putMany, ${what}`, () => documents.putMany([...writes, derived]));
        });
      }
      const source = standAlone(context, "source");
      await documents.put(source, { value: 1 });
      const old = { documents: [await sourceOf(context, source)] };
      await documents.put(source, { value: 2 });
      await conflicts("removal", "a document at an older version", () => put(old));
      const current = { documents: [await sourceOf(context, source)] };
      await documents.delete(source);
      await conflicts("removal", "a document that was deleted", () => put(current));
      const before = await eventsOf(context, "s", range(1));
      await log.delete(session);
      await log.append(session, messages(2));
      await conflicts("removal", "an event of an incarnation that has ended", () => put(before));
    },
  ),
  caseOf(
    "documents",
    "erasure-takes-what-is-derived",
    "An erasure removes the documents derived from what it erases before it returns, in this session and elsewhere, sealed or not, with what is derived from them, and names them; others stay. It can be repeated.",
    async (context) => {
      const { documents, log } = context.store;
      const session = addressOf(context, "s");
      await log.append(session, messages(6));
      const address = {
        own: ofSession(session, "own"),
        elsewhere: ofSession(addressOf(context, "elsewhere"), "elsewhere"),
        owner: standAlone(context, "owner", ["users", "u1"]),
        chained: standAlone(context, "chained", ["users", "u2"]),
        again: standAlone(context, "again"),
        spared: standAlone(context, "spared"),
        plain: ofSession(session, "plain"),
      } as const;
      const put = (at: DocumentAddress, derivedFrom?: DocumentSources): Promise<unknown> =>
        documents.put(at, { value: "secret", derivedFrom });
      await put(address.own, await eventsOf(context, "s", range(2)));
      await put(address.elsewhere, await eventsOf(context, "s", range(1, 4)));
      await put(address.owner, await eventsOf(context, "s", range(2), range(6)));
      await put(address.chained, { documents: [await sourceOf(context, address.owner)] });
      await put(address.again, { documents: [await sourceOf(context, address.chained)] });
      await put(address.spared, await eventsOf(context, "s", range(1), range(3, 6)));
      await put(address.plain);
      const { spared, plain, ...gone } = address;
      const result = await context.other.log.erase(session, { seqs: [range(2)] });
      await expectGone(context, Object.values(gone), [spared, plain]);
      const keys = (result.documents ?? []).map(({ key }) => key).toSorted();
      equal(keys, Object.keys(gone).toSorted(), "the documents that the erasure names");
      const repeated = await log.erase(session, { seqs: [range(2)] });
      equal(repeated.documents, undefined, "the documents that a repeated erasure names");
      check(!("documents" in (await log.erase(session, { seqs: [range(100)] }))), "documents of nothing");
    },
  ),
  caseOf(
    "documents",
    "delete-takes-what-is-derived",
    "The delete of a document removes those derived from it, with what is derived from them; a later put, an expiry or the delete of the session that they tell of removes none.",
    async (context) => {
      const { documents, log } = context.store;
      const [a, b, c, d] = ["a", "b", "c", "d"].map((key) => standAlone(context, key, ["users", key])) as [
        DocumentAddress,
        DocumentAddress,
        DocumentAddress,
        DocumentAddress,
      ];
      await documents.put(a, { value: 1 });
      await documents.put(b, { value: 2, derivedFrom: { documents: [await sourceOf(context, a)] } });
      await documents.put(c, { value: 3, derivedFrom: { documents: [await sourceOf(context, b)] } });
      await documents.put(a, { value: "later" });
      await expectGone(context, [], [a, b, c]);
      await context.other.documents.delete(a);
      await expectGone(context, [a, b, c], []);
      await documents.put(a, { value: 1 });
      await documents.put(b, { value: 2, derivedFrom: { documents: [await sourceOf(context, a)] } });
      await documents.deleteMany([{ address: a }]);
      await expectGone(context, [a, b], []);
      const session = addressOf(context, "s");
      await log.append(session, [says("x")]);
      await documents.put(d, { value: 4, derivedFrom: await eventsOf(context, "s", range(1)) });
      await log.delete(session);
      await expectGone(context, [], [d]);
    },
  ),
  caseOf(
    "documents",
    "no-derived-document-survives-a-race",
    "Of puts that race with the erasure of their source each is refused or its document removed: when all have ended none is left.",
    async (context) => {
      for (let round = 0; round < 6; round++) {
        const session = addressOf(context, `s-${round}`);
        await context.store.log.append(session, messages(2));
        const derivedFrom = await eventsOf(context, session.session, range(1));
        const addresses = Array.from({ length: 6 }, (_, index) => standAlone(context, `${round}-${index}`));
        const put = (address: DocumentAddress, index: number): Promise<unknown> =>
          (index % 2 === 0 ? context.store : context.other).documents.put(address, { value: 1, derivedFrom });
        const outcomes = await Promise.allSettled([
          ...addresses.slice(0, 3).map(put),
          context.other.log.erase(session, { seqs: [range(1)] }),
          ...addresses.slice(3).map(put),
        ]);
        equal(outcomes[3]?.status, "fulfilled", "the erasure");
        await expectGone(context, addresses, []);
      }
    },
  ),
  caseOf(
    "documents",
    "derived-document-is-replaced",
    "A put that expects the version that is there may name the same sources again, also when they have expired, were written again or trimmed; other sources, another version and none are refused as ever, and an erasure still takes it.",
    async (context) => {
      const { documents, log } = context.store;
      const session = addressOf(context, "s");
      await log.append(session, messages(3));
      const [source, address] = [standAlone(context, "source"), standAlone(context, "derived")];
      await documents.put(source, { value: 1 });
      const seen = { documents: [await sourceOf(context, source)] };
      const derivedFrom = { ...seen, ...(await eventsOf(context, "s", range(1, 2))) };
      let { version } = await documents.put(address, { value: "a fact", derivedFrom });
      await documents.put(source, { value: 2 });
      await log.trim(session, { beforeSeq: 3 });
      const put = (given: DocumentSources, expectedVersion?: number): Promise<Document> =>
        context.other.documents.put(
          address,
          { value: "a noted fact", derivedFrom: given },
          expectedVersion === undefined ? {} : { expectedVersion },
        );
      await conflicts("removal", "a put without a version", () => put(derivedFrom));
      await conflicts("removal", "a put with other sources", () => put(seen, version));
      await conflicts("removal", "a put that creates", () => put(derivedFrom, 0));
      for (const again of [1, 2]) {
        const stored = await put(derivedFrom, version);
        check(stored.version > version, `put ${again} has no new version`);
        equal(await documents.get(address), stored, `what put ${again} stored`);
        version = stored.version;
      }
      await documents.delete(source);
      await expectGone(context, [address], []);
      await conflicts("removal", "a put after the delete of its source", () => put(derivedFrom, version));
    },
  ),
  caseOf(
    "documents",
    "derived-from-form",
    "Sources that are incomplete, too many, or of another form are refused and store nothing.",
    async (context) => {
      const events = { session: "s", incarnation: "i", removalRevision: 0, ranges: [range(1)] };
      const document = { namespace: ["n"], key: "k", version: 1 };
      const refused: readonly unknown[] = [
        null,
        [],
        { session: "s" },
        { events: { ...events, ranges: [] } },
        { events: { ...events, ranges: [{ from: 2, to: 1 }] } },
        { events: { ...events, incarnation: "" } },
        { events: { ...events, removalRevision: undefined } },
        { events: { ...events, tenant: "another" } },
        { documents: [{ ...document, version: 0 }] },
        { documents: [{ ...document, namespace: [] }] },
        { documents: [{ ...document, tenant: "another" }] },
        { documents: Array.from({ length: 65 }, () => document) },
        { documents: document },
      ];
      await changesNothing(context, "A put with sources of another form", async () => {
        for (const derivedFrom of refused) {
          const input = { value: 1, derivedFrom } as never;
          await refuses(
            () => context.store.documents.put(standAlone(context, "k"), input),
            "invalid-input",
            `derivedFrom ${JSON.stringify(derivedFrom)?.slice(0, 80)}`,
          );
        }
      });
    },
  ),
];
