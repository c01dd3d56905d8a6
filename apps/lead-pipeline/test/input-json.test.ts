import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxJsonDepth, parseJsonText } from "../src/input/parse-json-text.ts";
import { parseLeads } from "../src/input/read-leads.ts";

const good = (id: string) => JSON.stringify({ id, email: "a@b.example", message: "hello" });
const read = (text: string) => parseLeads(Buffer.from(text), "leads.json").rows;

/** Each row as `id`, or as place and reason. */
function rowsOf(text: string): readonly string[] {
  return read(text).map((row) =>
    row.ok ? row.lead.id : `${row.line}${row.element === undefined ? "" : `/${row.element}`}: ${row.reason}`,
  );
}

describe("forms of JSON", () => {
  const pretty = (id: string) => JSON.stringify(JSON.parse(good(id)), undefined, 2);
  it.each([
    ["a pretty-printed object", pretty("a"), ["a"]],
    [
      "a pretty-printed array",
      JSON.stringify([JSON.parse(good("a")), JSON.parse(good("b"))], null, 2),
      ["a", "b"],
    ],
    ["pretty-printed objects one behind another", `${pretty("a")}\n${pretty("b")}`, ["a", "b"]],
    ["objects without anything in between", good("a") + good("b"), ["a", "b"]],
    ["lines that end in commas", `${good("a")},\n${good("b")},\n`, ["a", "b"]],
    ["an array for each line", `[${good("a")},${good("b")}]\n[${good("c")}]`, ["a", "b", "c"]],
    ["a byte order mark inside", `\uFEFF${good("a")}\n\uFEFF${good("b")}`, ["a", "b"]],
    ["line ends of old systems", `${good("a")}\r${good("b")}`, ["a", "b"]],
    ["a separator inside a string", `${good("a\u2028b")}\n${good("c")}`, ["a\u2028b", "c"]],
  ])("%s", (_name, text, ids) => {
    expect(rowsOf(text)).toEqual(ids);
  });

  it("says line and element of what is no lead", () => {
    expect(rowsOf(`[\n  ${good("a")},\n  5,\n  ${good("a")}\n]`)).toEqual([
      "a",
      "3/2: a lead must be an object, not a number",
      "4/3: the id is already used on line 2, element 1",
    ]);
  });

  it.each([
    ["[{", /line 1, column 3/],
    ['[\n  {\n    "id": 1\n    "email": 2\n  }\n]', /line 4, column 5, "," or "}" is missing/],
    ['{\n"id": "a\n}', /line 2, column 7, a string is not closed/],
    ['{\n"id": "a\r\n}', /line 2, column 7, a string is not closed/],
    ['[{"id": tru}]', /line 1, column 9, tru is no value/],
    ['[{"id": 01}]', /01 is no value/],
    ['[{"id": \u009b}]', /\\u009b cannot stand here/],
    ['[{"id": "\\x"}]', /column 10, a backslash begins no escape/],
    ["[1,]", /column 4, a value is missing/],
    ['{"a":1,}', /a name in quotes/],
    ["]", /a value is missing/],
  ])("%j is refused with the place", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it("reads what can be read of a broken array with a line for each lead", () => {
    expect(rowsOf(`[\n${good("a")},\n{"id": }\n${good("b")}`)).toEqual([
      expect.stringMatching(/^1: not valid JSON/),
      "a",
      expect.stringMatching(/^3: not valid JSON: a value is missing \(column 8\)/),
      "b",
    ]);
  });

  it("names a control character that JSON wants escaped, with its line", () => {
    expect(rowsOf(`${good("a")}\n${good("b").replace("hello", "he\u0001llo")}\n${good("c")}`)).toEqual([
      "a",
      "2: not valid JSON: the control character U+0001 must be written as an escape (column 46)",
      "c",
    ]);
  });

  it("refuses what is too deep, and nothing on the way runs out of stack", () => {
    const deep = (levels: number) =>
      good("a").replace("{", `{"x":${"[".repeat(levels)}${"]".repeat(levels)},`);
    expect(rowsOf(deep(maxJsonDepth - 1))).toEqual(["a"]);
    const text = `${good("b")}\n${deep(500_000)}`;
    expect(rowsOf(text)).toEqual([
      "b",
      expect.stringMatching(/^2: not valid JSON: it is deeper than 64 levels/),
    ]);
  });
});

describe("names and numbers", () => {
  it("keeps ids apart that JavaScript's numbers would make one", () => {
    const row = (id: string) => good("?").replace('"?"', id);
    const ids = [
      "9007199254740993",
      "9007199254740992",
      "12345678901234567890123",
      "-9007199254740995",
      "7",
      "1.5",
    ];
    expect(rowsOf(ids.map(row).join("\n"))).toEqual(ids);
    expect(rowsOf(`[${ids.map(row).join(",")}]`)).toEqual(ids);
  });

  it("keeps long numbers in other fields as their text", () => {
    const [row] = read(good("a").replace("{", '{"crm":{"ref":[9007199254740993,1e400,0.1,12]},'));
    expect(row).toMatchObject({ lead: { extra: { crm: { ref: ["9007199254740993", "1e400", 0.1, 12] } } } });
  });

  it("takes the first member that holds something, and keeps the others", () => {
    const text = `{"id":"a","email":"","message":"one","Email":"a@b.example","message":"","message":"two",
      "Phone":null,"Phone":"1","Phone":"2","Phone (2)":"3","Phone":"4","x":{"y":"","y":1,"y":2}}`;
    expect(read(text)).toMatchObject([
      {
        lead: {
          email: "a@b.example",
          message: "one",
          extra: {
            message: "two",
            Phone: "1",
            "Phone (2)": "2",
            "Phone (2) (2)": "3",
            "Phone (3)": "4",
            x: { y: 1 },
          },
        },
      },
    ]);
  });
});

describe("against JSON.parse", () => {
  it("gives the same values, in any spacing", () => {
    const members = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(members, fc.constantFrom(undefined, 2, "\t"), (object, space) => {
        const text = JSON.stringify(object, undefined, space);
        const [row] = parseJsonText(text, "elements");
        const content = row?.content;
        if (content === undefined || !("members" in content)) throw new Error("not an object");
        const plain: unknown = JSON.parse(text);
        const found: unknown = JSON.parse(JSON.stringify(Object.fromEntries(content.members)));
        expect(found).toEqual(plain);
      }),
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const pieces = fc.constantFrom(
      ...'{ } [ ] , : " \\ \\u00 a 1 -1 0.5 01 1. e5 true null "x" \n'.split(" "),
    );
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 8 }), (parts) => {
        const text = `[${parts.join("")}]`;
        const native = attempt(() => JSON.parse(text));
        // A comma or nothing between values is taken outside of arrays: only what stays inside one is compared.
        const own = attempt(() => parseJsonText(`{"a":${text}}`, "values"));
        const nativeInside = attempt(() => JSON.parse(`{"a":${text}}`));
        if (native === nativeInside) expect({ text, accepted: own }).toEqual({ text, accepted: native });
      }),
      { numRuns: 2000 },
    );
  });
});

function attempt(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof Error && /Syntax/u.test(error.name)) return false;
    throw error;
  }
}
