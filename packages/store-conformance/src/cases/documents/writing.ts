import { check, equal } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  bothHandles,
  caseOf,
  changesNothing,
  conflicts,
  contentOf,
  keysFound,
  standAlone,
} from "./support.ts";

/** What a single `put` or `delete` promises, versions first of all. */
export const writingCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "put-replaces-whole",
    "A put replaces value, tags, metadata and expiry; nothing of the document before shines through.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      await documents.put(address, {
        value: { old: 1, both: "old" },
        tags: ["old"],
        metadata: { old: true },
        ttlMs: 3_600_000,
      });
      const second = await documents.put(address, { value: { both: "new" } });
      equal(second.expiresAt, undefined, "a put without ttlMs must lift the expiry set before");
      const expected = {
        namespace: ["notes"],
        key: "a",
        value: { both: "new" },
        tags: [],
        metadata: {},
      };
      for (const [name, store] of bothHandles(context)) {
        const found = await store.documents.get(address);
        equal(contentOf(found), expected, `${name} sees parts of the document before`);
        equal(found?.expiresAt, undefined, `${name} sees the expiry of the document before`);
        const byOldTag = await keysFound(context, store, { tags: { any: ["old"] } });
        equal(byOldTag, [], `${name}: what is found by a tag that was replaced`);
      }
    },
  ),
  caseOf(
    "documents",
    "tags-are-a-set",
    "Tags are stored once each, sorted as UTF-8 bytes.",
    async (context) => {
      const address = standAlone(context, "a");
      const tags = ["b", "\u{1f600}", "a", "\uff5e", "b", "B"];
      await context.store.documents.put(address, { value: 1, tags });
      const found = await context.other.documents.get(address);
      equal(found?.tags, ["B", "a", "b", "\uff5e", "\u{1f600}"], "tags as stored");
    },
  ),
  caseOf(
    "documents",
    "versions-grow",
    "Each put of an address gives a greater version, whatever is written and from whichever handle.",
    async (context) => {
      const address = standAlone(context, "a");
      const versions: number[] = [];
      for (let round = 0; round < 6; round++) {
        const { documents } = round % 2 === 0 ? context.store : context.other;
        versions.push((await documents.put(address, { value: "same" })).version);
      }
      const concurrent = await Promise.all(
        [context.store, context.other, context.store, context.other].map(({ documents }) =>
          documents.put(address, { value: "same" }),
        ),
      );
      versions.push(...concurrent.map(({ version }) => version).sort((a, b) => a - b));
      const growing = versions.every((version, index) => version > (versions[index - 1] ?? 0));
      check(
        growing,
        `versions must grow with every put, whichever handle or process makes it, and these were ${versions.join(", ")}. ` +
          "Keep the counter with the data and raise it in the step that writes; a counter in each handle gives versions twice.",
      );
    },
  ),
  caseOf(
    "documents",
    "versions-grow-across-delete",
    "A document that was deleted and made anew has a greater version, so that a late writer cannot take it for the old one.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const old = await documents.put(address, { value: "old" });
      await documents.delete(address);
      const anew = await context.other.documents.put(address, { value: "anew" });
      check(anew.version > old.version, `version ${anew.version} came after ${old.version}`);
      await conflicts("version", "A put that expects the deleted document's version", () =>
        documents.put(address, { value: "late" }, { expectedVersion: old.version }),
      );
      await conflicts("version", "A delete that expects the deleted document's version", () =>
        documents.delete(address, { expectedVersion: old.version }),
      );
      equal((await documents.get(address))?.value, "anew", "the late writer changed the new document");
    },
  ),
  caseOf(
    "documents",
    "versions-ignore-the-clock",
    "Versions grow although the store's clock stands still or goes back, and createdAt and updatedAt are only data.",
    async (context) => {
      const address = standAlone(context, "a");
      const first = await context.store.documents.put(address, { value: 1 });
      await context.rewind?.(60_000);
      const second = await context.other.documents.put(
        address,
        { value: 2 },
        { expectedVersion: first.version },
      );
      await context.store.documents.delete(address, { expectedVersion: second.version });
      await context.rewind?.(60_000);
      const third = await context.store.documents.put(address, { value: 3 }, { expectedVersion: 0 });
      check(second.version > first.version, `${second.version} came after ${first.version}`);
      check(third.version > second.version, `${third.version} came after ${second.version}`);
      equal((await context.other.documents.get(address))?.value, 3, "what the last put stored");
    },
    ["rewind"],
  ),
  caseOf(
    "documents",
    "create-only",
    "expectedVersion 0 creates a document and refuses to touch one that exists.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const first = await documents.put(address, { value: "first" }, { expectedVersion: 0 });
      await changesNothing(context, "A refused creation", async () => {
        const error = await conflicts("version", "A second creation", () =>
          context.other.documents.put(address, { value: "second" }, { expectedVersion: 0 }),
        );
        equal(error.details.version, first.version, "the conflict must say the current version");
      });
      const racers = await Promise.allSettled(
        [context.store, context.other, context.store, context.other].map((store, racer) =>
          store.documents.put(standAlone(context, "race"), { value: racer }, { expectedVersion: 0 }),
        ),
      );
      const won = racers.filter(({ status }) => status === "fulfilled").length;
      equal(won, 1, `${won} of 4 writers created the same document`);
    },
  ),
  caseOf(
    "documents",
    "stale-version-changes-nothing",
    "A put or delete with a stale expectedVersion is a conflict that names the current version and changes nothing.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const first = await documents.put(address, { value: 1, tags: ["one"] });
      const second = await documents.put(address, { value: 2 }, { expectedVersion: first.version });
      const wrong = [first.version, second.version + 1, 0];
      await changesNothing(context, "A refused write", async () => {
        for (const expectedVersion of wrong) {
          const put = await conflicts("version", `A put that expects ${expectedVersion}`, () =>
            context.other.documents.put(address, { value: 3, tags: ["three"] }, { expectedVersion }),
          );
          equal(put.details.version, second.version, "the conflict must say the current version");
          const removal = await conflicts("version", `A delete that expects ${expectedVersion}`, () =>
            context.other.documents.delete(address, { expectedVersion }),
          );
          equal(removal.details.version, second.version, "the conflict must say the current version");
        }
      });
      await documents.put(address, { value: 3 }, { expectedVersion: second.version });
    },
  ),
  caseOf(
    "documents",
    "update-never-resurrects",
    "A put that expects a version of a deleted document is a conflict: an update never brings it back.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const { version } = await documents.put(address, { value: "secret" });
      await context.other.documents.delete(address);
      const error = await conflicts("version", "An update after the delete", () =>
        documents.put(address, { value: "back" }, { expectedVersion: version }),
      );
      equal(error.details.version, 0, "there is no document, which is version 0");
      const touched = await documents.touch(address, { ttlMs: null });
      equal(touched, undefined, "touch after the delete must not find the document");
      for (const [name, store] of bothHandles(context)) {
        equal(await store.documents.get(address), undefined, `${name} sees the deleted document again`);
      }
    },
  ),
  caseOf(
    "documents",
    "delete-removes",
    "delete removes the document for both handles and says whether there was one.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      equal(await documents.delete(address), false, "there was no document to delete");
      const { version } = await documents.put(address, { value: 1, tags: ["t"] });
      await documents.put(standAlone(context, "b"), { value: 2, tags: ["t"] });
      equal(await documents.delete(address, { expectedVersion: version }), true, "there was one to delete");
      for (const [name, store] of bothHandles(context)) {
        equal(await store.documents.get(address), undefined, `${name} still gets the document`);
        const keys = await keysFound(context, store, { tags: { any: ["t"] } });
        equal(keys, ["b"], `${name} must find what is left and nothing else`);
      }
      equal(await context.other.documents.delete(address), false, "a second delete finds nothing");
    },
  ),
  caseOf(
    "documents",
    "store-keeps-the-times",
    "createdAt is the time of the first put and stays, updatedAt that of the last; both come from the store.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const first = await documents.put(address, { value: 1 });
      check(Number.isSafeInteger(first.createdAt), "createdAt is in whole milliseconds");
      equal(first.updatedAt, first.createdAt, "a new document was written when it was created");
      await context.advance(50);
      const second = await documents.put(address, { value: 2 });
      equal(second.createdAt, first.createdAt, "a replaced document keeps its createdAt");
      check(
        second.updatedAt >= first.updatedAt + 50,
        `updatedAt moved by ${second.updatedAt - first.updatedAt} ms in 50 ms`,
      );
      await documents.delete(address);
      const third = await documents.put(address, { value: 3 });
      check(third.createdAt >= second.updatedAt, "a document made anew was created anew");
      equal(await context.other.documents.get(address), third, "what the second handle gets");
    },
  ),
];
