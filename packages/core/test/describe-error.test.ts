import { describe, expect, it } from "vitest";
import { MemoryError } from "../src/index.ts";
import { describeError, errorLine, storableText } from "../src/input/index.ts";

const fail = (): never => {
  throw new Error("hostile");
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

const hostile: readonly (readonly [string, unknown])[] = [
  ["an error whose message throws", Object.defineProperty(new Error("x"), "message", { get: fail })],
  ["an error whose name throws", Object.defineProperty(new Error("x"), "name", { get: fail })],
  ["an object whose toString throws", { toString: fail, [Symbol.toPrimitive]: fail }],
  ["an object without a prototype", Object.create(null)],
  ["a proxy whose traps throw", new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail })],
  ["a revoked proxy", revoked.proxy],
  ["a function", fail],
  ["a symbol", Symbol("s")],
  ["nothing", undefined],
  ["null", null],
  ["a message that is no text", { message: { toString: fail } }],
];

describe("what was thrown", () => {
  it("is described by name, message and code", () => {
    expect(describeError(new TypeError("no"))).toEqual({ name: "TypeError", message: "no" });
    expect(describeError(new MemoryError("timeout", "late"))).toEqual({
      name: "MemoryError",
      message: "late",
      code: "timeout",
    });
    expect(describeError("plain")).toEqual({ name: "string", message: "plain" });
    expect(describeError({ name: "", code: 7 })).toEqual({ name: "Error", message: "" });
  });

  it.each(hostile)("is described and printed, also when it is %s", (_, thrown) => {
    const { name, message } = describeError(thrown);
    expect([typeof name, typeof message, typeof errorLine(thrown)]).toEqual(["string", "string", "string"]);
    expect(name).not.toBe("");
  });

  it("is cut, and holds nothing that a store refuses", () => {
    const { message } = describeError(new Error(`\0\ud800${"x".repeat(5000)}`));
    expect(message).toBe(`\ufffd\ufffd${"x".repeat(1998)}…`);
    expect(storableText("short")).toBe("short");
  });

  it("is printed in one line that is safe", () => {
    expect(errorLine(new Error("a\u009b2J\u001b[2J\u202e\nb"))).toBe(
      "Error: a\\u009b2J\\u001b[2J\\u202e\\nb",
    );
    expect(errorLine("plain")).toBe("plain");
    expect(errorLine(new RangeError())).toBe("RangeError");
    expect(errorLine(undefined)).toBe("undefined");
  });
});
