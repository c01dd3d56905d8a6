import type { JsonObject, JsonValue } from "@relevo/core";
import { equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, ofSession, standAlone } from "./support.ts";

/** Stores each value, alone and in a session, as value and as metadata, and reads it back through both handles. */
async function returns(
  context: CaseContext,
  values: readonly JsonValue[],
  expected: readonly JsonValue[] = values,
): Promise<void> {
  const session = { tenant: context.tenant, session: "s" };
  for (const [index, value] of values.entries()) {
    const metadata: JsonObject = { it: value };
    const addresses = [standAlone(context, `k${index}`), ofSession(session, `k${index}`)];
    for (const address of addresses) {
      const stored = await context.store.documents.put(address, { value, metadata });
      const what = `value ${index}, ${JSON.stringify(value)?.slice(0, 100)}`;
      equal(stored.value, expected[index], `${what}, as put returned it`);
      for (const [name, store] of bothHandles(context)) {
        const found = await store.documents.get(address);
        equal(found?.value, expected[index], `${what}, through ${name}`);
        equal(found?.metadata, { it: expected[index] }, `${what}, as metadata through ${name}`);
      }
    }
  }
}

function nested(depth: number, array: boolean): JsonValue {
  let value: JsonValue = "core";
  for (let level = 0; level < depth; level++) value = array ? [value] : { in: value };
  return value;
}

/** That any JSON value comes back as it went in. */
export const roundTripCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "numbers-round-trip",
    "Every finite number comes back exactly, the largest, the smallest and those beyond 2^53 included; -0 comes back as 0.",
    async (context) => {
      const numbers = [
        ...[0, 1, -1, 1.5, 0.1 + 0.2, 1e21, 1e-7, -1e-7, 123456789.12345679],
        ...[2 ** 53, 2 ** 53 + 2, -(2 ** 53), Number.MAX_SAFE_INTEGER, 2 ** 63, 2 ** 64],
        ...[
          Number.MAX_VALUE,
          -Number.MAX_VALUE,
          Number.MIN_VALUE,
          Number.EPSILON,
          1e308,
          2.2250738585072014e-308,
        ],
      ];
      await returns(context, [...numbers, numbers]);
      await returns(context, [-0, [-0], { a: -0 }], [0, [0], { a: 0 }]);
    },
  ),
  caseOf(
    "documents",
    "strings-round-trip",
    "Every well-formed string without NUL comes back unit by unit: controls, separators, both normal forms, astral and unassigned characters.",
    (context) =>
      returns(context, [
        "",
        " ",
        " lead and trail ",
        "\u2028\u2029",
        "\u0001\u0007\b\t\n\u000b\f\r\u001f\u007f\u0080",
        "\\ \" ' ` / \\n \\u0041 \\0",
        "caf\u00e9 cafe\u0301",
        "\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
        "\ufeff\ufffe\uffff\ufffd\u{10ffff}",
        "\u202eabc\u200b\u00ad",
        "\u65e5\u672c\u8a9e \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
        "null",
        "1",
        '{"a":1}',
        "__proto__",
        "line\r\nline\rline\n",
        "x".repeat(20_000),
      ]),
  ),
  caseOf(
    "documents",
    "shapes-round-trip",
    "Scalars, null, empty arrays and empty objects come back as what they are, on their own and nested to the limit.",
    (context) => {
      const { depth } = context.store.limits;
      return returns(context, [
        null,
        true,
        false,
        [],
        {},
        [[]],
        [{}],
        { a: {} },
        { a: [] },
        [null, [null], { a: null }],
        // The metadata adds one level.
        nested(depth - 1, true),
        nested(depth - 1, false),
        Array.from({ length: 5000 }, (_, index) => index),
      ]);
    },
  ),
  caseOf(
    "documents",
    "keys-round-trip",
    "Every key of an object comes back, whatever it is called: empty, numeric, with dots or dollars, or named like a member of Object.",
    (context) =>
      returns(context, [
        { "": 1 },
        { constructor: 1, toString: { a: 1 }, hasOwnProperty: [], valueOf: null, prototype: 2, length: 3 },
        { "0": "a", "1": "b", "-1": "c", "01": "d" },
        { "a.b": 1, a: { b: 2 }, $eq: 3, "$.a": 4, "a[0]": 5, "a/b": 6 },
        { " ": 1, "\n": 2, '"': 3, "'": 4, "\\": 5, "\u2028": 6 },
        { "caf\u00e9": 1, "cafe\u0301": 2, "\uff5e": 3, "\u{1f600}": 4 },
        { toJSON: "a string, not a method", catch: "neither" },
        { ["k".repeat(10_000)]: 1 },
        Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`key ${index}`, index])),
      ]),
  ),
  caseOf(
    "documents",
    "undefined-properties-are-absent",
    "A property that is undefined is left out, as JSON has it, and an object without a prototype is an object.",
    async (context) => {
      const bare = Object.assign(Object.create(null) as Record<string, JsonValue>, { a: 1 });
      const holding = { kept: 1, lost: undefined, deep: { lost: undefined } } as unknown as JsonValue;
      await returns(context, [holding, bare], [{ kept: 1, deep: {} }, { a: 1 }]);
    },
  ),
];
