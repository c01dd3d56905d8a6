import { equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import {
  bothHandles,
  caseOf,
  namespacesFound,
  ofSession,
  pastShortTtlMs,
  shortTtlMs,
  standAlone,
} from "./support.ts";

async function fill(context: CaseContext, namespaces: readonly (readonly string[])[]): Promise<void> {
  for (const namespace of namespaces) {
    await context.store.documents.put(standAlone(context, "k1", namespace), { value: 1 });
    await context.store.documents.put(standAlone(context, "k2", namespace), { value: 2 });
  }
}

/** Of two users and a team, in order. */
const people: readonly (readonly string[])[] = [
  ["team", "notes"],
  ["team", "notes", "old"],
  ["user", "*", "notes"],
  ["user", "ana", "notes"],
  ["user", "ana", "prefs"],
  ["user", "bo", "notes"],
  ["user", "bo", "notes", "old"],
  ["users", "ana", "notes"],
];

/** What `namespaces` promises. */
export const namespaceCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "namespaces-in-order",
    "namespaces lists each namespace that holds documents once, in the order of their elements as UTF-8 bytes, and pages through them.",
    async (context) => {
      const expected = [
        ["A"],
        ["a"],
        ["a", "b"],
        ["a", "\uff5e"],
        ["a", "\u{1f600}"],
        ["a b"],
        ["a/b"],
        ["ab"],
      ];
      await fill(context, expected.toReversed());
      for (const [name, store] of bothHandles(context)) {
        equal(await namespacesFound(context, store), expected, `${name}: namespaces`);
        equal(
          await namespacesFound(context, store, { limit: 1 }),
          expected,
          `${name}: namespaces one by one`,
        );
        equal(await namespacesFound(context, store, { limit: 3 }), expected, `${name}: namespaces by threes`);
      }
    },
  ),
  caseOf(
    "documents",
    "namespaces-by-prefix-and-suffix",
    "prefix and suffix match whole elements from the two ends, and * stands for any one element.",
    async (context) => {
      await fill(context, people);
      const cases: readonly (readonly [{ prefix?: string[]; suffix?: string[] }, readonly number[]])[] = [
        [{ prefix: ["user"] }, [2, 3, 4, 5, 6]],
        [{ prefix: ["user", "ana"] }, [3, 4]],
        [{ prefix: ["use"] }, []],
        [{ prefix: ["user", "a*"] }, []],
        [{ prefix: ["user", "*"] }, [2, 3, 4, 5, 6]],
        [{ prefix: ["*", "*", "notes"] }, [2, 3, 5, 6, 7]],
        [{ prefix: ["*"] }, [0, 1, 2, 3, 4, 5, 6, 7]],
        [{ prefix: ["*", "ana"] }, [3, 4, 7]],
        [{ prefix: ["user", "ana", "notes", "*"] }, []],
        [{ suffix: ["notes"] }, [0, 2, 3, 5, 7]],
        [{ suffix: ["ana", "notes"] }, [3, 7]],
        [{ suffix: ["otes"] }, []],
        [{ suffix: ["notes", "*"] }, [1, 6]],
        [{ suffix: ["user", "ana", "notes"] }, [3]],
        [{ suffix: ["x", "user", "ana", "notes"] }, []],
        [{ prefix: ["user"], suffix: ["notes"] }, [2, 3, 5]],
        [{ prefix: ["user", "ana"], suffix: ["ana", "notes"] }, [3]],
        [{ prefix: [], suffix: [] }, [0, 1, 2, 3, 4, 5, 6, 7]],
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const [options, indexes] of cases) {
          const found = await namespacesFound(context, store, options);
          const expected = indexes.map((index) => people[index]);
          equal(found, expected, `${name}: namespaces with ${JSON.stringify(options)}`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "namespaces-cut-to-a-depth",
    "maxDepth cuts namespaces after they matched and lists each cut once, on whichever page it falls.",
    async (context) => {
      await fill(context, people);
      const cases: readonly (readonly [object, readonly (readonly string[])[]])[] = [
        [{ maxDepth: 1 }, [["team"], ["user"], ["users"]]],
        [
          { maxDepth: 2 },
          [
            ["team", "notes"],
            ["user", "*"],
            ["user", "ana"],
            ["user", "bo"],
            ["users", "ana"],
          ],
        ],
        [
          { maxDepth: 2, suffix: ["old"] },
          [
            ["team", "notes"],
            ["user", "bo"],
          ],
        ],
        [{ maxDepth: 1, prefix: ["user", "ana"] }, [["user"]]],
        [{ maxDepth: 9 }, people],
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const [options, expected] of cases) {
          for (const limit of [100, 1]) {
            const found = await namespacesFound(context, store, { ...options, limit });
            equal(
              found,
              expected,
              `${name}: namespaces with ${JSON.stringify(options)} in pages of ${limit}`,
            );
          }
        }
      }
    },
  ),
  caseOf(
    "documents",
    "namespaces-hold-documents",
    "A namespace is listed as long as a document of its scope is in it: not after the last is deleted or expires, not for another scope.",
    async (context) => {
      const { documents } = context.store;
      const session = { tenant: context.tenant, session: "s" };
      await fill(context, [["emptied"], ["half"], ["expired"], ["kept"]]);
      await documents.put(ofSession(session, "k", ["inside"]), { value: 1 });
      await documents.deleteMany(
        ["k1", "k2"].map((key) => ({ address: standAlone(context, key, ["emptied"]) })),
      );
      await documents.delete(standAlone(context, "k1", ["half"]));
      await documents.touch(standAlone(context, "k1", ["expired"]), { ttlMs: shortTtlMs });
      await documents.touch(standAlone(context, "k2", ["expired"]), { ttlMs: shortTtlMs });
      await context.advance(pastShortTtlMs);
      for (const [name, store] of bothHandles(context)) {
        equal(
          await namespacesFound(context, store),
          [["half"], ["kept"]],
          `${name}: namespaces that stand alone`,
        );
        equal((await store.documents.namespaces(session)).items, [["inside"]], `${name}: of the session`);
      }
      await documents.put(standAlone(context, "k1", ["emptied"]), { value: 1 });
      const again = await namespacesFound(context, context.other);
      equal(again, [["emptied"], ["half"], ["kept"]], "namespaces after one of them was filled again");
    },
  ),
];
