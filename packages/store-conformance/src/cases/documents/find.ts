import { type Document, type DocumentAddress, MemoryError } from "@relevo/core";
import { check, equal, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, findAll, keysFound, ofSession, standAlone } from "./support.ts";

/** Places in the order that a find must return them. */
const ordered: readonly (readonly [namespace: readonly string[], key: string])[] = [
  [["\u0001"], "k"],
  [[" "], "k"],
  [["A"], "k"],
  [["a"], "a"],
  [["a"], "a\u0001"],
  [["a"], "a "],
  [["a"], "ab"],
  [["a"], "\uff5e"],
  [["a"], "\u{1f600}"],
  [["a", "\u0001"], "0"],
  [["a", "b"], "0"],
  [["a", "b", "c"], "0"],
  [["a", "\u{1f600}"], "0"],
  [["a\u0001"], "0"],
  [["a\u0001", "b"], "0"],
  [["a b"], "0"],
  [["a/b"], "0"],
  [["a:b"], "0"],
  [["ab"], "0"],
  [["ab", "c"], "0"],
  [["b"], "0"],
  [["\u00e9"], "0"],
  [["\uff5e"], "0"],
  [["\u{1f600}"], "0"],
];

function placeOf({ namespace, key }: Document): readonly [readonly string[], string] {
  return [namespace, key];
}

/** Puts a document at each address, the address index as its value, in an order that is not theirs. */
async function putShuffled(context: CaseContext, addresses: readonly DocumentAddress[]): Promise<void> {
  // 7 and the number of addresses have no common divisor in the cases here, so each is met once.
  for (let step = 0; step < addresses.length; step++) {
    const address = addresses[(step * 7) % addresses.length];
    if (address !== undefined) await context.store.documents.put(address, { value: step });
  }
}

/** What `find` selects and in which order. `where`, `text` and paging have files of their own. */
export const findCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "find-orders-by-utf8",
    "find returns documents by namespace element by element, then by key, compared as UTF-8 bytes; backward is the exact reverse.",
    async (context) => {
      const session = { tenant: context.tenant, session: "s" };
      await putShuffled(
        context,
        ordered.map(([namespace, key]) => standAlone(context, key, namespace)),
      );
      await putShuffled(
        context,
        ordered.map(([namespace, key]) => ofSession(session, key, namespace)),
      );
      for (const [name, store] of bothHandles(context)) {
        for (const scope of [{ tenant: context.tenant }, session]) {
          const forward = await findAll(context, store, scope);
          equal(forward.map(placeOf), ordered, `${name}: order forward`);
          const backward = await findAll(context, store, scope, { direction: "backward" });
          equal(backward.map(placeOf), ordered.toReversed(), `${name}: order backward`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "find-by-exact-namespace",
    "find with a namespace returns the documents of exactly that namespace.",
    async (context) => {
      for (const namespace of [["a"], ["a", "b"], ["ab"], ["a", "b", "c"], ["b", "a"]]) {
        await context.store.documents.put(standAlone(context, namespace.join("+"), namespace), { value: 1 });
      }
      const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
        [["a"], ["a"]],
        [["a", "b"], ["a+b"]],
        [["ab"], ["ab"]],
        [["a", "c"], []],
        [["b"], []],
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const [namespace, expected] of cases) {
          const keys = await keysFound(context, store, { namespace });
          equal(keys, expected, `${name}: keys in the namespace ${JSON.stringify(namespace)}`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "find-by-namespace-prefix",
    "A namespace prefix matches whole elements: a is no prefix of ab, and an empty one matches everything.",
    async (context) => {
      const namespaces = [["a"], ["a", "b"], ["a", "b", "c"], ["a", "bc"], ["ab"], ["ab", "c"], ["b"]];
      for (const namespace of namespaces) {
        await context.store.documents.put(standAlone(context, namespace.join("+"), namespace), { value: 1 });
      }
      const all = namespaces.map((namespace) => namespace.join("+"));
      const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
        [[], all],
        [["a"], ["a", "a+b", "a+b+c", "a+bc"]],
        [
          ["a", "b"],
          ["a+b", "a+b+c"],
        ],
        [["ab"], ["ab", "ab+c"]],
        [["a", "b", "c", "d"], []],
        [["A"], []],
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const [namespacePrefix, expected] of cases) {
          const keys = await keysFound(context, store, { namespacePrefix });
          equal(keys, expected, `${name}: keys below ${JSON.stringify(namespacePrefix)}`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "find-by-tags",
    "tags.any selects documents with one of the tags, tags.all those with every one; given both, both must hold, and an empty list asks for nothing.",
    async (context) => {
      const documents: { readonly [key: string]: readonly string[] } = {
        ab: ["a", "b"],
        abc: ["a", "b", "c"],
        b: ["b"],
        c: ["c"],
        none: [],
        "upper-a": ["A", "aa"],
      };
      for (const [key, tags] of Object.entries(documents)) {
        await context.store.documents.put(standAlone(context, key), { value: 1, tags });
      }
      const every = Object.keys(documents);
      const cases: readonly (readonly [{ any?: string[]; all?: string[] }, readonly string[]])[] = [
        [{ any: ["a"] }, ["ab", "abc"]],
        [{ any: ["a", "c"] }, ["ab", "abc", "c"]],
        [{ all: ["a", "b"] }, ["ab", "abc"]],
        [{ all: ["a", "c"] }, ["abc"]],
        [{ all: ["a", "x"] }, []],
        [{ any: ["x"] }, []],
        [{ any: ["a", "c"], all: ["b"] }, ["ab", "abc"]],
        [{ any: ["b", "b"], all: ["c", "c"] }, ["abc"]],
        [{ any: [], all: [] }, every],
        [{}, every],
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const [tags, expected] of cases) {
          const keys = await keysFound(context, store, { tags });
          equal(keys, expected, `${name}: keys with the tags ${JSON.stringify(tags)}`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "find-updated-since",
    "updatedSince selects documents written at or after that time, and a replaced document counts from its last put.",
    async (context) => {
      const { documents } = context.store;
      const old = await documents.put(standAlone(context, "old"), { value: 1 });
      await documents.put(standAlone(context, "renewed"), { value: 1 });
      await context.advance(50);
      const recent = await documents.put(standAlone(context, "recent"), { value: 1 });
      await documents.put(standAlone(context, "renewed"), { value: 2 });
      for (const [name, store] of bothHandles(context)) {
        const since = (updatedSince: number): Promise<readonly string[]> =>
          keysFound(context, store, { updatedSince });
        equal(await since(old.updatedAt), ["old", "recent", "renewed"], `${name}: since the first put`);
        equal(await since(recent.updatedAt), ["recent", "renewed"], `${name}: since the second half`);
        equal(await since(recent.updatedAt + 3_600_000), [], `${name}: since a time to come`);
      }
    },
  ),
  caseOf(
    "documents",
    "find-by-key-range",
    "keyAfter and keyBefore exclude themselves, compare as UTF-8 bytes and apply in every namespace.",
    async (context) => {
      const keys = ["a", "b", "b\u0001", "c", "\uff5e", "\u{1f600}"];
      for (const namespace of [["x"], ["y", "z"]]) {
        await context.store.documents.putMany(
          keys.map((key) => ({ address: standAlone(context, key, namespace), value: 1 })),
        );
      }
      const cases: readonly (readonly [{ keyAfter?: string; keyBefore?: string }, readonly string[]])[] = [
        [{ keyAfter: "b" }, ["b\u0001", "c", "\uff5e", "\u{1f600}"]],
        [{ keyBefore: "c" }, ["a", "b", "b\u0001"]],
        [{ keyAfter: "a", keyBefore: "c" }, ["b", "b\u0001"]],
        [{ keyAfter: "bb" }, ["c", "\uff5e", "\u{1f600}"]],
        [{ keyAfter: "\uff5e" }, ["\u{1f600}"]],
        [{ keyBefore: "\u{1f600}", keyAfter: "c" }, ["\uff5e"]],
        [{ keyAfter: "c", keyBefore: "a" }, []],
      ];
      for (const [name, store] of bothHandles(context)) {
        for (const [range, expected] of cases) {
          const found = await keysFound(context, store, range);
          equal(found, [...expected, ...expected], `${name}: keys with ${JSON.stringify(range)}`);
          const backward = await keysFound(context, store, { ...range, direction: "backward" });
          equal(backward, found.toReversed(), `${name}: keys with ${JSON.stringify(range)} backward`);
        }
      }
    },
  ),
  caseOf(
    "documents",
    "find-filters-combine",
    "All filters of a find must hold together, and limit counts what they leave.",
    async (context) => {
      const { documents } = context.store;
      for (let index = 0; index < 24; index++) {
        const address = standAlone(context, `k${String(index).padStart(2, "0")}`, [
          index % 2 ? "odd" : "even",
          "n",
        ]);
        const tags = index % 3 === 0 ? ["third", "all"] : ["all"];
        await documents.put(address, { value: { index, text: index % 4 === 0 ? "Fourth" : "other" }, tags });
      }
      const options = {
        namespacePrefix: ["even"],
        tags: { any: ["third"], all: ["all"] },
        where: { path: ["value", "index"], $lt: 24 },
        text: "fourth",
        keyAfter: "k00",
        updatedSince: 0,
      } as const;
      for (const [name, store] of bothHandles(context)) {
        equal(await keysFound(context, store, options), ["k12"], `${name}: keys that pass every filter`);
        const limited = await keysFound(context, store, { tags: { any: ["third"] }, limit: 1 });
        const thirds = ["k00", "k06", "k12", "k18", "k03", "k09", "k15", "k21"];
        equal(limited, thirds, `${name}: filtered keys in pages of one`);
      }
    },
  ),
  caseOf(
    "documents",
    "page-limits",
    "A page holds at most limit items, 100 when none is given, and a limit outside 1 to 1,000 is refused.",
    async (context) => {
      const { documents } = context.other;
      const scope = { tenant: context.tenant, session: "s" };
      const keys = Array.from({ length: 130 }, (_, index) => `k${String(index).padStart(3, "0")}`);
      await context.store.documents.putMany(
        keys.map((key) => ({ address: ofSession(scope, key, [key]), value: 1 })),
      );
      const lists = [
        ["find", (limit?: number) => documents.find(scope, { limit })],
        ["namespaces", (limit?: number) => documents.namespaces(scope, { limit })],
      ] as const;
      for (const [method, list] of lists) {
        for (const limit of [1, 7, 130, 1000, undefined]) {
          const page = await list(limit);
          const most = Math.min(limit ?? 100, keys.length);
          check(
            page.items.length <= most,
            `${method} returned ${page.items.length} items with limit ${limit}`,
          );
          const whole = page.items.length === keys.length;
          check(
            whole || page.cursor !== undefined,
            `${method} ended its first page of ${limit} without a cursor`,
          );
        }
        for (const limit of [0, -1, 1001, 1.5, Number.NaN, "7" as unknown as number]) {
          await refuses(() => list(limit), "invalid-input", `${method} with limit ${limit}`);
        }
      }
      const found = await findAll(context, context.other, scope, { limit: 7 });
      equal(
        found.map(({ key }) => key),
        keys,
        "keys in pages of 7",
      );
    },
  ),
  caseOf(
    "documents",
    "bad-find-options-are-refused",
    "Times, directions, texts and depths of another kind are refused, never taken for something else.",
    async (context) => {
      await context.store.documents.put(standAlone(context, "a"), { value: "a" });
      const { documents } = context.other;
      const scope = { tenant: context.tenant };
      const bad: readonly object[] = [
        { direction: "sideways" },
        { updatedSince: "yesterday" },
        { updatedSince: 1.5 },
        { text: 7 },
        { text: { $ne: "" } },
        { tags: { any: "a" } },
        { tags: { all: [7] } },
        { namespacePrefix: "notes" },
        { namespace: [7] },
        { keyAfter: 7 },
        { where: "value.a" },
        { where: [] },
      ];
      for (const options of bad) {
        await refuses(
          () => documents.find(scope, options),
          "invalid-input",
          `find with ${JSON.stringify(options)}`,
        );
      }
      for (const options of [{ maxDepth: 0 }, { maxDepth: 1.5 }, { prefix: "a" }, { suffix: [7] }]) {
        const call = (): Promise<unknown> => documents.namespaces(scope, options as object);
        await refuses(call, "invalid-input", `namespaces with ${JSON.stringify(options)}`);
      }
      const error = await refuses(
        () => documents.find(scope, { limit: 0 }),
        "invalid-input",
        "find with limit 0",
      );
      check(
        MemoryError.isInstance(error) && error.details.field === "limit",
        "the error must name the field",
      );
    },
  ),
];
