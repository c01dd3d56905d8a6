import type { SearchChange, SearchItem, SearchRequest } from "@relevo/core";
import { check, equal, refuses, vandalize } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { searchModel } from "./model.ts";
import { added, type ComparedIndex, comparedIndex, itemOf, sessionStream } from "./support.ts";

function searchCase(
  id: string,
  contract: string,
  run: (compared: ComparedIndex, context: CaseContext) => Promise<void>,
): ConformanceCase {
  return {
    id: `search/${id}`,
    area: "search",
    contract,
    needs: ["search"],
    async run(context) {
      const compared = await comparedIndex(context);
      if (compared !== undefined) await run(compared, context);
    },
  };
}

const document = { kind: "document", namespace: ["kb", "a"], key: "k" } as const;

/** What every index of a store promises, beside the reference index. */
export const searchCases: readonly ConformanceCase[] = [
  searchCase(
    "reading-says-what-was-written",
    "A reading has the counts of each term in statements and in questions, the facts of each item, its neighbours in its stream, and the totals of the tenant.",
    async ({ write, compare }) => {
      await write(
        added("s1", 0, [
          itemOf(1, "plum tree plum tree?", { speaker: "nora", names: ["delft", "piet"], times: [5, 9] }),
          itemOf(2, "tree?", { speaker: "piet" }),
          itemOf(4, "plum well"),
        ]),
      );
      await write(added("s2", 0, [itemOf(1, "well")]));
      await compare({ terms: ["plum", "tree", "well", "shed"], speakers: ["piet", "anna"] }, "the reading");
    },
  ),
  searchCase(
    "ranges-are-replaced",
    "A change replaces what is above `after` and up to `through`, pieces included, but what it keeps; repeating it changes nothing.",
    async ({ write, compare }) => {
      const all = [1, 2, 3, 4, 5].map((position) => itemOf(position, `word${position} common`));
      await write(added("s", 0, [...all, itemOf(5.5, "piece common")]));
      const change: SearchChange = {
        stream: sessionStream("s"),
        revision: 0,
        after: 1,
        through: 5,
        keep: [2, 4],
        items: [itemOf(3, "other common"), itemOf(3.25, "second common")],
      };
      for (const time of ["once", "twice"]) {
        await write(change);
        await compare({ terms: ["common", "word3", "word5", "piece", "other"] }, `replaced ${time}`);
      }
      await write({ stream: sessionStream("s"), revision: 0, items: [itemOf(9, "common")] });
      await compare({ terms: ["common", "word1"] }, "replaced as a whole");
    },
  ),
  searchCase(
    "older-state-is-not-applied",
    "A change from an older revision or an older incarnation is not applied, and says so; a newer incarnation takes the place of the older.",
    async ({ write, compare, index }, { tenant }) => {
      const change = (incarnation: string, revision: number, word: string): SearchChange => ({
        stream: sessionStream("s", incarnation),
        revision,
        items: [itemOf(1, word)],
      });
      equal(await write(change("i2", 5, "first")), true, "a first change");
      equal(await write(change("i2", 4, "older")), false, "an older revision");
      equal(await write(change("i1", 9, "older")), false, "an older incarnation");
      equal(
        await write({ ...change("i2", 5, "second"), after: 1, items: [itemOf(2, "second")] }),
        true,
        "the same",
      );
      await compare({ terms: ["first", "older", "second"] }, "after older changes");
      equal(await write(change("i3", 0, "third")), true, "a newer incarnation");
      await compare({ terms: ["first", "second", "third"] }, "after a newer incarnation");
      equal(await write({ stream: document, revision: 2, items: [itemOf(0, "text")] }), true, "a document");
      equal(
        await write({ stream: document, revision: 1, items: [itemOf(0, "old")] }),
        false,
        "an older version",
      );
      equal(
        (await index.streams(tenant, { all: true })).items.map(({ revision }) => revision).sort(),
        [0, 2],
        "revisions",
      );
    },
  ),
  searchCase(
    "removed-words-are-nowhere",
    "What is removed is in no posting, total, neighbour, speaker, time or vector any more, and its words are unknown.",
    async ({ write, compare, index, reference }, { tenant }) => {
      await write(
        added("s", 0, [itemOf(1, "common"), itemOf(2, "canary common", secret), itemOf(3, "common")]),
      );
      await write(added("gone", 0, [itemOf(1, "canary common", secret)]));
      await write({ stream: sessionStream("s"), revision: 1, after: 1, through: 2, items: [] });
      equal(await index.remove(tenant, { session: "gone" }), 1, "removed items");
      await reference.remove(tenant, { session: "gone" });
      const request: SearchRequest = {
        terms: ["canary", "common"],
        speakers: ["canary"],
        times: [7, 7],
        vector: [1, 0],
        nearest: 5,
      };
      await compare(request, "after the removal");
      equal(
        await index.lookup(tenant, [["canary"], ["canari"], ["common"]]),
        [[], [], undefined],
        "known words",
      );
      equal(await index.remove(tenant, { all: true }), 2, "all that was left");
      equal((await index.state(tenant)).items, 0, "items after everything was removed");
    },
  ),
  searchCase(
    "selectors-name-streams",
    "A selector names a session with its documents, documents below a namespace by its elements, or one document; removing and listing mean the same streams.",
    async ({ write, index }, { tenant }) => {
      const at = (namespace: readonly string[], key: string, session?: string): SearchChange => ({
        stream: { kind: "document", namespace, key, ...(session === undefined ? {} : { session }) },
        revision: 1,
        items: [itemOf(0, "text")],
      });
      await write(added("s", 0, [itemOf(1, "said")]));
      await write(added("s2", 0, [itemOf(1, "said")]));
      for (const change of [
        at(["a"], "k"),
        at(["a", "b"], "k"),
        at(["ab"], "k"),
        at(["a"], "l"),
        at(["a"], "k", "s"),
      ])
        await write(change);
      const counts = async (selector: Parameters<typeof index.remove>[1]): Promise<readonly number[]> => {
        const { items } = await index.streams(tenant, selector);
        return [items.length, await index.remove(tenant, selector)];
      };
      equal(await counts({ namespacePrefix: ["a"], key: "l" }), [1, 1], "one document");
      equal(await counts({ namespacePrefix: ["a"] }), [2, 2], "documents below a namespace");
      equal(await counts({ session: "s" }), [2, 2], "a session");
      equal(await counts({ all: true }), [2, 2], "the rest");
    },
  ),
  searchCase(
    "streams-come-in-pages",
    "Streams are listed in a total order, each once, in pages; with language, subject, progress and how many items they have.",
    async ({ write, index }, { tenant }) => {
      for (let n = 0; n < 7; n++) await write(added(`s${(n * 5) % 7}`, 0, [itemOf(1, "x")]));
      await write({
        stream: document,
        revision: 3,
        items: [],
        language: "es",
        subject: "u1",
        progress: { through: 4 },
      });
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await index.streams(
          tenant,
          { all: true },
          { limit: 3, ...(cursor === undefined ? {} : { cursor }) },
        );
        check(page.items.length <= 3, "a page is longer than its limit");
        found.push(...page.items.map(({ stream }) => stream.session ?? stream.kind));
        cursor = page.cursor;
      } while (cursor !== undefined);
      equal([...found].sort(), ["document", "s0", "s1", "s2", "s3", "s4", "s5", "s6"], "all streams");
      await write({ stream: document, revision: 3, items: [itemOf(0, "x")] });
      equal(
        (await index.streams(tenant, { namespacePrefix: ["kb"] })).items,
        [
          {
            stream: document,
            revision: 3,
            items: 1,
            language: "es",
            subject: "u1",
            progress: { through: 4 },
          },
        ],
        "the state of a stream, which a change without them leaves as it is",
      );
    },
  ),
  searchCase(
    "state-tells-what-a-tenant-has",
    "The state counts items and streams by language, has the span of their times, and the writer's mark until everything is removed.",
    async ({ write, index, other, reference }, { tenant }) => {
      await write({ ...added("a", 0, [itemOf(1, "x"), itemOf(2, "y")]), language: "en" });
      await write({ ...added("b", 0, [itemOf(9, "x")]), language: "es" });
      await write({ ...added("c", 0, []), language: "fr" });
      for (const handle of [index, reference]) await handle.mark(tenant, { cursor: "c1" });
      equal(await other.state(tenant), await reference.state(tenant), "the state");
      await index.remove(tenant, { session: "b" });
      await reference.remove(tenant, { session: "b" });
      equal(await other.state(tenant), await reference.state(tenant), "the state after a removal");
      await index.remove(tenant, { all: true });
      equal(await other.state(tenant), { items: 0, languages: {} }, "the state after everything was removed");
    },
  ),
  searchCase(
    "lookup-finds-similar-terms",
    "A word that no item holds is answered with the terms that begin alike or are one edit away, in order; a group with a known word is not.",
    async ({ write, index, reference }, { tenant }) => {
      await write(
        added("s", 0, [itemOf(1, "garden gardener gardening harden pizza pasta form past ñandú cat")]),
      );
      const groups = [
        ["gardens"],
        ["gadren"],
        ["piza"],
        ["from"],
        ["pazta", "zzz"],
        ["zzz", "cat"],
        ["ñandu"],
        ["ca"],
        [""],
        ["g".repeat(500)],
      ];
      equal(await index.lookup(tenant, groups), await reference.lookup(tenant, groups), "similar terms");
    },
  ),
  searchCase(
    "filters-hold-together",
    "An item is allowed when everything that the filter names holds of it: sessions, agents, owners (stand-alone documents without one are everybody's), namespaces of documents by their elements, kinds, times, `where`.",
    async ({ write, compare }) => {
      await write({
        ...added("s1", 0, [
          itemOf(1, "x", { agent: "a", metadata: { n: 1 } }),
          itemOf(2, "x", { agent: "b" }),
        ]),
        subject: "u1",
      });
      await write({ ...added("s2", 0, [itemOf(1, "x", { agent: "a" })]), subject: "u2" });
      await write({ stream: document, revision: 1, items: [itemOf(0, "x", { value: { n: 1 } })] });
      await write({ stream: { ...document, namespace: ["kb2"] }, revision: 1, items: [itemOf(0, "x")] });
      await write({ stream: { ...document, session: "s1" }, revision: 1, items: [itemOf(0, "x")] });
      await write({
        stream: { ...document, key: "of u1" },
        revision: 1,
        items: [itemOf(0, "x")],
        subject: "u1",
      });
      const at = itemOf(1, "").at;
      const filters: readonly NonNullable<SearchRequest["filter"]>[] = [
        {},
        { sessions: ["s1", "s9"] },
        { sessions: [] },
        { agents: ["a"] },
        { subjects: ["u2"] },
        { subjects: ["u2"], kinds: ["document"] },
        { namespaces: [["kb"]] },
        { namespaces: [] },
        { namespaces: [["kb"]], kinds: ["document"] },
        { kinds: ["document"] },
        { since: at, until: at },
        { where: { path: ["metadata", "n"], $eq: 1 } },
        { where: { path: ["value", "n"], $eq: 1 } },
        { sessions: ["s1"], agents: ["a"], kinds: ["session"] },
      ];
      for (const filter of filters) await compare({ terms: ["x"], filter }, `with ${JSON.stringify(filter)}`);
    },
  ),
  searchCase(
    "nearest-are-exact",
    "The nearest items are those of the greatest cosine that the filter allows, whatever the lengths of the vectors. A vector with another number of dimensions is refused.",
    async ({ write, compare, index, hasVectors }, { tenant }) => {
      const vector = (angle: number, length: number): readonly number[] => [
        length * Math.cos(angle),
        length * Math.sin(angle),
      ];
      const items = Array.from({ length: 30 }, (_, n) =>
        itemOf(n + 1, "x", { vector: vector(0.2 * n, 1 + (n % 5)), agent: `a${n % 2}` }),
      );
      await write(added("s", 0, items));
      await write({ stream: sessionStream("s"), revision: 0, after: 3, through: 6, items: [] });
      for (const nearest of [1, 5, 100]) {
        await compare({ terms: [], vector: vector(1, 3), nearest }, `the ${nearest} nearest`);
        await compare(
          { terms: [], vector: vector(4, 1), nearest, filter: { agents: ["a1"] } },
          "those allowed",
        );
      }
      const other = { terms: [], vector: [1, 0, 0] };
      await refuses(
        index.read(tenant, other, () => 0),
        hasVectors ? "invalid-input" : "unsupported",
        "a vector with another number of dimensions",
      );
    },
  ),
  searchCase(
    "times-name-items",
    "Items at the requested times, or about them, are named, both ends included.",
    async ({ write, compare }) => {
      await write(
        added("s", 0, [
          itemOf(1, "x", { at: 100 }),
          itemOf(2, "x", { at: 500, times: [200, 300, 900, 950] }),
        ]),
      );
      await write(added("t", 0, [itemOf(1, "x", { at: 101 })]));
      const requests = [[100, 100], [99, 101], [300, 400], [301, 899], [950, 2000], [0, 50, 500, 500], []];
      for (const times of requests) await compare({ terms: [], times }, `at ${times.join()}`);
    },
  ),
  searchCase(
    "tenants-are-apart",
    "Nothing of one tenant is in a reading, a total, a list or an answer about words of another.",
    async ({ index, write, hasVectors }, { tenant }) => {
      const stranger = `${tenant}-2`;
      await write(added("s", 0, [itemOf(1, "secret", { speaker: "nora", vector: [1, 2] })]));
      await index.mark(tenant, 1);
      equal(await index.state(stranger), { items: 0, languages: {} }, "the state of another tenant");
      equal((await index.streams(stranger, { all: true })).items, [], "its streams");
      equal(await index.lookup(stranger, [["secret"]]), [[]], "its words");
      const seen = await index.read(
        stranger,
        { terms: ["secret"], speakers: ["nora"], ...(hasVectors && { vector: [1, 2] }) },
        ({ postings, asked, items, nearest }) => [postings[0], asked[0], items, nearest?.items.length ?? 0],
      );
      equal(seen, [undefined, -1, 0, 0], "its reading");
      equal(await index.remove(stranger, { all: true }), 0, "what it can remove");
      equal((await index.state(tenant)).items, 1, "the items of the first");
    },
  ),
  searchCase(
    "input-is-copied",
    "What a caller changes after a write, or in an answer, changes nothing in the index.",
    async ({ index, write, compare }, { tenant }) => {
      const item = itemOf(1, "x", { metadata: { n: 1 }, times: [1, 2], names: ["a"], vector: [1, 0] });
      const change = { ...added("s", 0, [item]), progress: { n: 1 } };
      await write(change);
      vandalize(change);
      vandalize((await index.streams(tenant, { all: true })).items);
      vandalize(await index.state(tenant));
      const filter = { where: { path: ["metadata", "n"], $eq: 1 } } as const;
      await compare({ terms: ["x"], times: [1, 1], vector: [1, 0], filter }, "the reading");
      equal((await index.streams(tenant, { session: "s" })).items[0]?.progress, { n: 1 }, "the progress");
    },
  ),
  searchCase(
    "refused-changes-change-nothing",
    "A change with a vector of another length, a position outside of its range or an unknown field is refused, and nothing of it is applied.",
    async ({ index, write, compare, hasVectors }, { tenant }) => {
      await write(added("s", 0, [itemOf(1, "x", { vector: [1, 0] })]));
      const bad: readonly (readonly [string, readonly SearchItem[]])[] = [
        ["a longer vector", [itemOf(2, "y"), itemOf(3, "y", { vector: [1, 0, 0] })]],
        ["no direction", [itemOf(2, "y"), itemOf(3, "y", { vector: [0, 0] })]],
        ["a position outside", [itemOf(2, "y"), itemOf(9, "y")]],
        ["a position twice", [itemOf(2, "y"), itemOf(2, "z")]],
        ["an unknown field", [itemOf(2, "y"), { ...itemOf(3, "y"), colour: 1 } as SearchItem]],
      ];
      for (const [what, items] of bad) {
        const change = { stream: sessionStream("s"), revision: 1, after: 0, through: 5, items };
        const isLonger = what === "a longer vector";
        await refuses(
          index.write(tenant, change),
          isLonger && !hasVectors ? "unsupported" : "invalid-input",
          what,
        );
      }
      await compare({ terms: ["x", "y", "z"] }, "after refused changes");
    },
  ),
  searchModel,
];

const secret: Partial<SearchItem> = {
  speaker: "canary",
  names: ["canary"],
  times: [7, 7],
  vector: [1, 0],
};
