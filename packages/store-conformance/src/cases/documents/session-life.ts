import { check, equal, eventually, inTime, present } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, says } from "../../samples.ts";
import {
  bothHandles,
  caseOf,
  collect,
  conflicts,
  findAll,
  keysFound,
  namespacesFound,
  ofSession,
  pastShortTtlMs,
  shortTtlMs,
  standAlone,
} from "./support.ts";

/** How the documents of a session share its life. */
export const sessionLifeCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "session-put-creates-the-session",
    "A put into a session that does not exist creates it at version 0, with what init says, and shows in head and list.",
    async (context) => {
      const address = addressOf(context);
      const init = { subject: "user-7", metadata: { channel: "web" } };
      const stored = await context.store.documents.put(ofSession(address, "a"), { value: 1 }, { init });
      for (const [name, store] of bothHandles(context)) {
        const head = present(await store.log.head(address), `${name}: the head of the new session`);
        equal(head.version, 0, `${name}: version of a session without events`);
        equal(head.events, 0, `${name}: events of a session without events`);
        equal(head.incarnation, stored.incarnation, `${name}: incarnation of head and document`);
        equal({ subject: head.subject, metadata: head.metadata }, init, `${name}: what init set`);
        await eventually(context, async () => {
          const listed = await collect((page) => store.log.list(context.tenant, page));
          equal(listed, [head], `${name}: list`);
        });
      }
      const appended = await context.other.log.append(address, [says("hello")], { expectedVersion: 0 });
      equal(appended.firstSeq, 1, "seq of the first event");
      equal(appended.incarnation, stored.incarnation, "incarnation of the first event");
      const second = await context.store.documents.put(
        ofSession(address, "b"),
        { value: 2 },
        { init: { subject: "other" } },
      );
      equal(second.incarnation, stored.incarnation, "incarnation of a document put later");
      equal(
        (await context.other.log.head(address))?.subject,
        "user-7",
        "subject after a put with another init",
      );
    },
  ),
  caseOf(
    "documents",
    "session-documents-carry-the-incarnation",
    "Every method returns a session document with the incarnation of its session.",
    async (context) => {
      const address = addressOf(context);
      const { incarnation } = await context.store.log.append(address, [says("hello")]);
      const document = ofSession(address, "a");
      const { documents } = context.store;
      const returned = [
        await documents.put(document, { value: 1 }, { incarnation }),
        ...(await documents.putMany([{ address: ofSession(address, "b"), value: 2 }], { incarnation })),
        await context.other.documents.get(document),
        ...(await context.other.documents.getMany([document])),
        await documents.touch(document, { ttlMs: 60_000, incarnation }),
        ...(await findAll(context, context.other, address)),
      ];
      equal(
        returned.map((one) => one?.incarnation),
        returned.map(() => incarnation),
        "incarnations returned",
      );
    },
  ),
  caseOf(
    "documents",
    "session-documents-die-with-delete",
    "Deleting a session removes its documents, and a session made anew under the same id does not have them.",
    async (context) => {
      const address = addressOf(context);
      const document = ofSession(address, "a");
      const old = await context.store.documents.put(document, { value: "old", tags: ["t"] });
      await context.store.documents.put(ofSession(address, "b", ["deep", "er"]), {
        value: "old",
        tags: ["t"],
      });
      await context.store.documents.put(standAlone(context, "a"), { value: "stays" });
      await context.other.log.delete(address);
      const gone = async (when: string): Promise<void> => {
        for (const [name, store] of bothHandles(context)) {
          equal(await store.documents.get(document), undefined, `${name}, ${when}: get`);
          equal(await findAll(context, store, address), [], `${name}, ${when}: find`);
          const tagged = await findAll(context, store, address, { tags: { any: ["t"] } });
          equal(tagged, [], `${name}, ${when}: find by tag`);
          const { items } = await store.documents.namespaces(address);
          equal(items, [], `${name}, ${when}: namespaces`);
        }
      };
      await gone("after the delete");
      await context.store.log.append(address, [says("anew")]);
      await gone("in the session made anew");
      const anew = await context.store.documents.put(document, { value: "anew" }, { expectedVersion: 0 });
      check(
        anew.version > old.version,
        `version ${anew.version} came after ${old.version} of the old session`,
      );
      check(anew.incarnation !== old.incarnation, "a session made anew has another incarnation");
      await conflicts("version", "A put that expects a version of the old session", () =>
        context.other.documents.put(document, { value: "late" }, { expectedVersion: old.version }),
      );
      const stays = await context.other.documents.get(standAlone(context, "a"));
      equal(stays?.value, "stays", "the document that stands alone");
    },
  ),
  caseOf(
    "documents",
    "session-documents-die-with-expiry",
    "When a session expires its documents are gone, and writing them does not put the expiry off.",
    (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const address = addressOf(context);
        const document = ofSession(address, "a");
        await context.store.log.append(address, [says("hello")], { ttlMs });
        await context.store.documents.put(document, { value: "old" });
        await context.advance(ttlMs / 2);
        await context.other.documents.put(ofSession(address, "b"), { value: "old" });
        await context.other.documents.touch(document, { ttlMs: 3_600_000 });
        await context.advance(ttlMs / 2 + 100);
        for (const [name, store] of bothHandles(context)) {
          equal(await store.log.head(address), undefined, `${name}: the head of the expired session`);
          equal(await store.documents.get(document), undefined, `${name}: get in the expired session`);
          equal(await findAll(context, store, address), [], `${name}: find in the expired session`);
        }
        const anew = await context.store.documents.put(document, { value: "anew" }, { expectedVersion: 0 });
        const found = await findAll(context, context.other, address);
        equal(found, [anew], "documents of the session made again");
      }),
  ),
  caseOf(
    "documents",
    "session-documents-live-with-the-session",
    "A session document lives as long as its session, also when the session's life is lengthened after the put.",
    (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const address = addressOf(context);
        await context.store.log.append(address, [says("hello")], { ttlMs });
        const head = present(await context.store.log.head(address), "head");
        const stored = await context.store.documents.putMany([
          { address: ofSession(address, "plain"), value: 1 },
          { address: ofSession(address, "timed"), value: 2, ttlMs: 3_600_000 },
        ]);
        for (const { key, expiresAt } of stored) {
          const end = expiresAt ?? head.expiresAt ?? 0;
          check(end <= (head.expiresAt ?? 0), `${key} claims to live until ${end}, past its session`);
        }
        await context.advance(ttlMs / 2);
        await context.other.log.append(address, [says("still here")], { ttlMs: 3_600_000 });
        await context.advance(ttlMs);
        for (const [name, store] of bothHandles(context)) {
          const keys = (await findAll(context, store, address)).map(({ key }) => key);
          equal(keys, ["plain", "timed"], `${name}: documents of the session that lives on`);
        }
      }),
  ),
  caseOf(
    "documents",
    "session-documents-may-end-earlier",
    "A session document with a time to live ends before its session, which goes on without it.",
    async (context) => {
      const address = addressOf(context);
      await context.store.log.append(address, [says("hello")]);
      const { documents } = context.store;
      await documents.put(ofSession(address, "brief"), { value: 1, ttlMs: shortTtlMs });
      await documents.put(ofSession(address, "lasting"), { value: 2 });
      await context.advance(pastShortTtlMs);
      for (const [name, store] of bothHandles(context)) {
        const keys = (await findAll(context, store, address)).map(({ key }) => key);
        equal(keys, ["lasting"], `${name}: documents after one of them expired`);
        equal((await store.log.head(address))?.version, 1, `${name}: version of the session`);
      }
      await documents.delete(ofSession(address, "lasting"));
      equal(
        (await context.other.log.head(address))?.version,
        1,
        "version after its last document is deleted",
      );
    },
  ),
  caseOf(
    "documents",
    "session-documents-stay-inside",
    "Session documents are seen in their own session only: not from another session, not among those that stand alone.",
    async (context) => {
      const one = addressOf(context, "one");
      const two = addressOf(context, "two");
      const { documents } = context.store;
      await documents.put(ofSession(one, "same"), { value: "of one", tags: ["t"] });
      await documents.put(ofSession(two, "same"), { value: "of two", tags: ["t"] });
      await documents.put(standAlone(context, "same"), { value: "alone", tags: ["t"] });
      await documents.put(ofSession(one, "only", ["private", "place"]), { value: "of one", tags: ["t"] });
      for (const [name, store] of bothHandles(context)) {
        const seen = async (session: typeof one): Promise<unknown> =>
          (await findAll(context, store, session, { tags: { any: ["t"] } })).map(({ value }) => value);
        equal(await seen(one), ["of one", "of one"], `${name}: in the first session`);
        equal(await seen(two), ["of two"], `${name}: in the second session`);
        equal(
          await keysFound(context, store, { text: "o" }),
          ["same"],
          `${name}: among those that stand alone`,
        );
        equal(await namespacesFound(context, store), [["notes"]], `${name}: namespaces that stand alone`);
        const { items } = await store.documents.namespaces(two);
        equal(items, [["notes"]], `${name}: namespaces of the second session`);
        const alone = await store.documents.get(standAlone(context, "only", ["private", "place"]));
        equal(alone, undefined, `${name}: a session document asked for without its session`);
      }
      await documents.delete(standAlone(context, "same"));
      await documents.delete(ofSession(two, "same"));
      const left = await context.other.documents.get(ofSession(one, "same"));
      equal(left?.value, "of one", "the document of the first session after its namesakes were deleted");
    },
  ),
];
