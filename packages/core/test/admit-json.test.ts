import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/index.ts";
import { admitJson, admitMetadata, resolveLimits } from "../src/input/index.ts";
import { character, thrown } from "./support.ts";

const admit = (input: unknown, limits = defaultLimits) => admitJson(input, "value", limits);
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value), "utf8");

/** JSON that the choke point lets through: no NUL, no lone surrogate, no `__proto__`, no -0. */
const plainText = fc
  .oneof(
    fc.string({ unit: character }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom('"', "\\", "\u2028", "\u001f", "😀", "é"),
  )
  .map((text) => text.toWellFormed().replaceAll("\0", ""));
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    plainText,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      plainText.filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
})).value;

describe("admitJson", () => {
  it("returns an equal value and the exact size of its JSON", () => {
    fc.assert(
      fc.property(json, (value) => {
        const admitted = admit(value);
        expect(JSON.stringify(admitted.value)).toBe(JSON.stringify(value));
        expect(admitted.bytes).toBe(bytesOf(value));
      }),
      { numRuns: 1500, seed: 7 },
    );
  });

  it("measures every number as JSON writes it", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
        (number) => {
          expect(admit(number).bytes).toBe(bytesOf(number));
        },
      ),
      { numRuns: 3000, seed: 7 },
    );
    for (const number of [0, -0, 1e21, 1e-7, 5e-324, 2 ** 53, -1.5, 1e20, 123456789012345680000]) {
      expect(admit(number).bytes).toBe(bytesOf(number));
    }
  });

  it("copies and freezes, deeply", () => {
    const input = { list: [{ a: 1 }], text: "x" };
    const { value } = admit(input);
    (input.list[0] as { a: number }).a = 2;
    expect(value).toEqual({ list: [{ a: 1 }], text: "x" });
    const frozen = value as { list: { a: number }[] };
    expect(Object.isFrozen(frozen) && Object.isFrozen(frozen.list) && Object.isFrozen(frozen.list[0])).toBe(
      true,
    );
  });

  it("takes absent for undefined, 0 for -0, and leaves symbols out", () => {
    const { value, bytes } = admit({ a: undefined, b: -0, [Symbol("s")]: 1 });
    expect(value).toStrictEqual({ b: 0 });
    expect(Object.is((value as { b: number }).b, 0)).toBe(true);
    expect(bytes).toBe(bytesOf({ b: 0 }));
  });

  it.each([
    ["NaN", { a: [Number.NaN] }, "value.a[0]"],
    ["Infinity", Number.POSITIVE_INFINITY, "value"],
    ["a bigint", { a: 1n }, "value.a"],
    ["a function", { a: () => 1 }, "value.a"],
    ["a symbol", [Symbol("x")], "value[0]"],
    ["undefined in an array", [1, undefined], "value[1]"],
    // biome-ignore lint/suspicious/noSparseArray: holes are the input under test.
    ["a hole", [1, , 2], "value[1]"],
    ["a date", { when: new Date(0) }, "value.when"],
    ["a map", { m: new Map() }, "value.m"],
    ["an instance", { o: new (class Point {})() }, "value.o"],
    ["bytes", new Uint8Array(2), "value"],
    ["NUL", { text: "a\0b" }, "value.text"],
    ["NUL in a key", { "a\0b": 1 }, "value.a\\u0000b"],
    ["a lone surrogate", { text: "\ud800" }, "value.text"],
    ["a low surrogate first", ["\udc00\ud800"], "value[0]"],
    ["a lone surrogate in a key", { "\ud800": 1 }, "value.\\ud800"],
    ["__proto__", JSON.parse('{"a":{"__proto__":{"polluted":true}}}'), "value.a.__proto__"],
  ])("refuses %s and names where it stands", (_what, input, field) => {
    expect(thrown(() => admit(input), "invalid-input").details.field).toBe(field);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("refuses cycles, depth and size before it has copied them", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(thrown(() => admit(cycle), "too-large").details.limit).toBe("depth");
    const limits = resolveLimits({ valueBytes: 10, depth: 3 });
    expect(admit("12345678", limits).bytes).toBe(10);
    expect(thrown(() => admit("123456789", limits), "too-large").details).toMatchObject({
      limit: "valueBytes",
      maximum: 10,
    });
    expect(admit([[[]]], limits).value).toEqual([[[]]]);
    expect(thrown(() => admit([[[[]]]], limits), "too-large").details.limit).toBe("depth");
    const long = { length: 2 ** 40 };
    const hostile = new Proxy([], {
      get: (target, key) => (key === "length" ? long.length : Reflect.get(target, key)),
    });
    thrown(() => admit(hostile), "too-large");
  });

  it("reads a property once, so that a getter cannot change its mind", () => {
    let reads = 0;
    const input = {
      get text(): unknown {
        reads++;
        return reads === 1 ? "good" : "\0bad";
      },
    };
    expect(admit(input).value).toEqual({ text: "good" });
    expect(reads).toBe(1);
  });

  it("turns what a getter throws into invalid-input with the cause", () => {
    const cause = new Error("boom");
    const input = {
      get text(): string {
        throw cause;
      },
    };
    expect(thrown(() => admit(input), "invalid-input").cause).toBe(cause);
  });

  it("takes plain objects of another realm, and of no prototype", () => {
    expect(admit(runInNewContext("({ a: [1] })")).value).toEqual({ a: [1] });
    expect(admit(Object.assign(Object.create(null), { a: 1 })).value).toEqual({ a: 1 });
  });

  it("does not repeat hostile text in messages", () => {
    const error = thrown(() => admit({ [`\u001b[31m\n${"x".repeat(500)}`]: Number.NaN }), "invalid-input");
    expect(error.message).toMatch(/^[\x20-\x7e]+$/);
    expect(error.message.length).toBeLessThan(250);
  });
});

describe("admitMetadata", () => {
  it("takes objects only, within their own limit", () => {
    expect(admitMetadata(undefined, "metadata", defaultLimits).value).toEqual({});
    for (const input of [null, [], "x", 3])
      thrown(() => admitMetadata(input, "metadata", defaultLimits), "invalid-input");
    const limits = resolveLimits({ metadataBytes: 20 });
    expect(
      thrown(() => admitMetadata({ a: "x".repeat(20) }, "metadata", limits), "too-large").details.limit,
    ).toBe("metadataBytes");
  });

  it("has room of its own, and not without end, for what features note in it", () => {
    const limits = resolveLimits({ metadataBytes: 20 });
    const full = { a: "x".repeat(12) };
    const noted = { ...full, "relevo:turn": "t".repeat(1024) };
    expect(admitMetadata(noted, "metadata", limits).value).toEqual(noted);
    for (const input of [
      { ...noted, a: "x".repeat(13) },
      { ...full, "relevo:turn": "t".repeat(70_000) },
    ])
      expect(thrown(() => admitMetadata(input, "metadata", limits), "too-large").message).toContain("of 20:");
    thrown(() => admitMetadata({ ...full, relevo: "" }, "metadata", limits), "too-large");
  });
});
