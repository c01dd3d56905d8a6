import { equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, keysFound, standAlone } from "./support.ts";

type Expectation = readonly [text: string, keys: readonly string[]];

/** Stores the values under their keys and asserts what each text finds. */
async function search(
  context: CaseContext,
  values: { readonly [key: string]: Parameters<CaseContext["store"]["documents"]["put"]>[1]["value"] },
  expectations: readonly Expectation[],
): Promise<void> {
  for (const [key, value] of Object.entries(values)) {
    await context.store.documents.put(standAlone(context, key), {
      value,
      metadata: { note: "metadata text" },
    });
  }
  for (const [name, store] of bothHandles(context)) {
    for (const [text, expected] of expectations) {
      const keys = await keysFound(context, store, { text });
      equal(keys, expected, `${name}: documents with the text ${JSON.stringify(text)}`);
    }
  }
}

/** What `find({ text })` promises. */
export const textCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "text-ignores-case",
    "text finds a part of a string whatever the case of either, beyond ASCII too.",
    async (context) => {
      await search(context, { a: "Enterprise ICP", b: "ÁRBOL Straße Ж", c: "nothing" }, [
        ["enterprise icp", ["a"]],
        ["PRISE", ["a"]],
        ["árbol", ["b"]],
        ["STRAßE", ["b"]],
        ["ж", ["b"]],
        ["arbol", []],
        ["absent", []],
      ]);
    },
  ),
  caseOf(
    "documents",
    "text-looks-in-every-string",
    "text looks in every string of the value at any depth, and neither in keys nor in numbers, metadata or tags.",
    async (context) => {
      await search(
        context,
        {
          array: [1, ["x", { deep: [{ er: "the needle here" }] }]],
          key: { needle: 1, 'say "needle"': true },
          number: [12345, true, null],
          object: { a: { b: "a needle" }, c: "12345" },
          plain: "needle",
        },
        [
          ["needle", ["array", "object", "plain"]],
          ["12345", ["object"]],
          ["true", []],
          ["null", []],
          ["metadata text", []],
          ["deep", []],
        ],
      );
    },
  ),
  caseOf(
    "documents",
    "text-stays-in-one-string",
    "A text never matches across two strings, nor the JSON around them.",
    async (context) => {
      await search(
        context,
        {
          list: ["alpha", "beta"],
          object: { a: "alpha", b: "beta" },
          one: "alpha beta",
          quoted: 'alpha","beta',
        },
        [
          ["alpha beta", ["one"]],
          ["alphabeta", []],
          ['alpha","beta', ["quoted"]],
          ['","', ["quoted"]],
          ['"alpha', []],
          ["{", []],
          ["[", []],
        ],
      );
    },
  ),
  caseOf(
    "documents",
    "text-is-literal",
    "No character of a text is a wildcard or an escape: % _ * ? . \\ and quotes stand for themselves.",
    async (context) => {
      await search(
        context,
        {
          backslash: "c:\\temp\\new",
          dot: "a.b",
          lines: "first\nsecond\tthird",
          percent: "100% sure",
          plain: "abc 100 sure",
          quotes: `it's "so"`,
          star: "a*b?",
          under: "snake_case",
        },
        [
          ["%", ["percent"]],
          ["0% s", ["percent"]],
          ["1%e", []],
          ["_", ["under"]],
          ["a_c", []],
          ["\\", ["backslash"]],
          ["\\temp\\n", ["backslash"]],
          ["*", ["star"]],
          ["b?", ["star"]],
          [".", ["dot"]],
          ["a.c", []],
          ["'", ["quotes"]],
          ['"so"', ["quotes"]],
          ["first\nsecond\tth", ["lines"]],
          ["^first", []],
          ["[a-z]", []],
        ],
      );
    },
  ),
  caseOf(
    "documents",
    "text-follows-replacement",
    "text finds what a document says now, not what it said before a put or a delete.",
    async (context) => {
      const { documents } = context.store;
      for (const key of ["changed", "deleted", "kept"]) {
        await documents.put(standAlone(context, key), { value: `first of ${key}` });
      }
      await documents.put(standAlone(context, "changed"), { value: "second" });
      await documents.delete(standAlone(context, "deleted"));
      for (const [name, store] of bothHandles(context)) {
        equal(await keysFound(context, store, { text: "first" }), ["kept"], `${name}: the old text`);
        equal(await keysFound(context, store, { text: "SECOND" }), ["changed"], `${name}: the new text`);
        const every = await keysFound(context, store, { text: "" });
        equal(every, ["changed", "kept"], `${name}: an empty text asks for nothing`);
      }
    },
  ),
];
