import { check, equal } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, ofSession, standAlone } from "./support.ts";

/** What `get` and `getMany` promise. */
export const readingCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "get-returns-what-was-put",
    "A document that was put is returned whole by get, through either handle.",
    async (context) => {
      const address = standAlone(context, "profile", ["users", "ana"]);
      const stored = await context.store.documents.put(address, {
        value: { name: "Ana", likes: ["tea", 7, null, true] },
        tags: ["person"],
        metadata: { source: "form" },
      });
      equal(stored.namespace, ["users", "ana"], "put must return the document's namespace");
      equal(stored.key, "profile", "put must return the document's key");
      equal(stored.value, { name: "Ana", likes: ["tea", 7, null, true] }, "value that put returned");
      equal(stored.tags, ["person"], "tags that put returned");
      equal(stored.metadata, { source: "form" }, "metadata that put returned");
      check(Number.isSafeInteger(stored.version) && stored.version > 0, "a version is a positive integer");
      equal(stored.incarnation, undefined, "a document that stands alone has no incarnation");
      for (const [name, store] of bothHandles(context)) {
        equal(await store.documents.get(address), stored, `${name} must return what put returned`);
      }
    },
  ),
  caseOf(
    "documents",
    "missing-is-undefined",
    "A document that does not exist is undefined, whichever part of its address differs.",
    async (context) => {
      const there = standAlone(context, "here", ["a", "b"]);
      await context.store.documents.put(there, { value: 1 });
      const absent = [
        standAlone(context, "there", ["a", "b"]),
        standAlone(context, "here", ["a"]),
        standAlone(context, "here", ["a", "b", "c"]),
        standAlone(context, "b", ["a"]),
        { ...there, tenant: `${context.tenant}-other` },
        { ...there, session: "none" },
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const address of absent) {
          const found = await store.documents.get(address);
          equal(
            found,
            undefined,
            `${name} found a document at ${JSON.stringify(address)} where none was put`,
          );
        }
      }
      const head = await context.other.log.head({ tenant: context.tenant, session: "none" });
      equal(head, undefined, "a get must not create the session it looks in");
    },
  ),
  caseOf(
    "documents",
    "get-many-keeps-order",
    "getMany returns one result for each address in the order asked, undefined where there is none, repeated ones twice.",
    async (context) => {
      const { documents } = context.store;
      const session = { tenant: context.tenant, session: "s" };
      const a = standAlone(context, "a");
      const b = standAlone(context, "b", ["other", "place"]);
      const c = ofSession(session, "a");
      await documents.put(a, { value: "alone" });
      await documents.put(b, { value: "elsewhere" });
      await documents.put(c, { value: "in session" });
      const asked = [c, standAlone(context, "none"), b, a, ofSession(session, "b"), a];
      for (const [name, store] of bothHandles(context)) {
        const values = (await store.documents.getMany(asked)).map((document) => document?.value);
        equal(
          values,
          ["in session", undefined, "elsewhere", "alone", undefined, "alone"],
          `${name} returned other results or another order`,
        );
      }
      equal(await documents.getMany([]), [], "no addresses, no results");
    },
  ),
  caseOf(
    "documents",
    "get-many-reads-one-moment",
    "What getMany returns of one namespace or one session was there at one moment.",
    async (context) => {
      for (const session of [undefined, "s"]) {
        const scope = { tenant: context.tenant, ...(session === undefined ? {} : { session }) };
        const addresses = ["a", "b", "c"].map((key) => ({ ...scope, namespace: ["pair"], key }));
        const write = async (value: number): Promise<void> => {
          await context.store.documents.putMany(addresses.map((address) => ({ address, value })));
        };
        await write(0);
        const writing = (async () => {
          for (let value = 1; value <= 20; value++) await write(value);
        })();
        const torn: unknown[] = [];
        for (let round = 0; round < 20; round++) {
          const values = (await context.other.documents.getMany(addresses)).map((found) => found?.value);
          if (new Set(values).size !== 1) torn.push(values);
        }
        await writing;
        equal(torn, [], "getMany mixed two states of documents that are always written together");
      }
    },
  ),
];
