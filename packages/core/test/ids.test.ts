import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/index.ts";
import {
  admitDocumentAddress,
  admitDocumentScope,
  admitId,
  admitNamespace,
  admitSessionAddress,
  admitTags,
  resolveLimits,
} from "../src/input/index.ts";
import { thrown } from "./support.ts";

describe("admitId", () => {
  it.each([
    "a",
    "tenant:1",
    "a/b",
    "*",
    "%_?[]{}\\",
    " ",
    "é",
    "e\u0301",
    "😀",
    "__proto__",
    "\u0001",
    "x".repeat(1024),
  ])("keeps %j as it is", (id) => expect(admitId(id, "session", defaultLimits)).toBe(id));

  it.each([
    ["", "invalid-input"],
    ["a\0b", "invalid-input"],
    ["\ud800", "invalid-input"],
    ["x".repeat(1025), "too-large"],
    ["é".repeat(513), "too-large"],
    [null, "invalid-input"],
    [undefined, "invalid-input"],
    [7, "invalid-input"],
    [{ toString: () => "a" }, "invalid-input"],
  ] as const)("refuses %j", (id, code) => {
    expect(thrown(() => admitId(id, "session", defaultLimits), code).details.field).toBe("session");
  });

  it("counts bytes, not characters", () => {
    const limits = resolveLimits({ idBytes: 4 });
    expect(admitId("😀", "key", limits)).toBe("😀");
    thrown(() => admitId("😀a", "key", limits), "too-large");
    thrown(() => admitId("abcde", "key", limits), "too-large");
  });
});

describe("addresses", () => {
  it("are copied, and refused with anything else in them", () => {
    const input = { tenant: "t", session: "s" };
    const copy = admitSessionAddress(input, defaultLimits);
    expect(copy).toStrictEqual(input);
    expect(copy).not.toBe(input);
    // The address of a document would delete its whole session.
    const document = { ...input, namespace: ["n"], key: "k" };
    thrown(() => admitSessionAddress(document, defaultLimits), "invalid-input");
    thrown(() => admitDocumentScope(document, defaultLimits), "invalid-input");
    const namespace = ["a"];
    const admitted = admitDocumentAddress({ tenant: "t", namespace, key: "k" }, defaultLimits);
    namespace.push("b");
    expect(admitted).toStrictEqual({ tenant: "t", namespace: ["a"], key: "k" });
    expect(Object.isFrozen(admitted.namespace)).toBe(true);
  });

  it("fit an index entry as a whole", () => {
    const id = "x".repeat(1000);
    expect(admitSessionAddress({ tenant: id, session: id }, defaultLimits).tenant).toBe(id);
    const error = thrown(
      () => admitSessionAddress({ tenant: id, session: `${id}y` }, defaultLimits),
      "too-large",
    );
    expect(error.details).toMatchObject({ limit: "addressBytes", actual: 2001 });
    expect(error.message).toContain("shorter ids");
    thrown(
      () => admitDocumentAddress({ tenant: "t", session: "s", namespace: [id, id], key: "k" }, defaultLimits),
      "too-large",
    );
  });

  it.each([null, undefined, "t", [], { tenant: "t" }, { session: "s" }])("refuse %j", (input) => {
    thrown(() => admitSessionAddress(input as never, defaultLimits), "invalid-input");
  });

  it("need a namespace with at least one element", () => {
    for (const namespace of [[], "a", [""], [1], undefined]) {
      thrown(
        () => admitDocumentAddress({ tenant: "t", namespace: namespace as never, key: "k" }, defaultLimits),
        "invalid-input",
      );
    }
    thrown(() => admitNamespace(new Array(17).fill("a"), "namespace", defaultLimits), "too-large");
    expect(
      thrown(() => admitNamespace(["a", "b\0"], "namespace", defaultLimits), "invalid-input").details.field,
    ).toBe("namespace[1]");
  });
});

describe("admitTags", () => {
  it("makes a set, sorted as UTF-8 bytes", () => {
    expect(admitTags(["b", "😀", "a", "\uff5e", "b"], "tags", defaultLimits)).toEqual([
      "a",
      "b",
      "\uff5e",
      "😀",
    ]);
    expect(admitTags(undefined, "tags", defaultLimits)).toEqual([]);
    thrown(() => admitTags(["a", ""], "tags", defaultLimits), "invalid-input");
    thrown(() => admitTags(new Set(["a"]), "tags", defaultLimits), "invalid-input");
    thrown(() => admitTags(new Array(65).fill("a"), "tags", defaultLimits), "too-large");
  });
});
