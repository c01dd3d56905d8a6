import { expect, it } from "vitest";
import { ListElements } from "../src/langgraph/checkpoint/list-elements.ts";

it("an element is the stored one as long as its fields, and those of its fields, are the same", () => {
  const elements = new ListElements();
  const changes: readonly ((element: Record<string, unknown>) => void)[] = [
    (element) => {
      element.a = 2;
    },
    (element) => {
      delete element.b;
    },
    (element) => {
      element.c = 3;
    },
    (element) => {
      (element.b as Record<string, unknown>).inner = 2;
    },
  ];
  for (const change of changes) {
    const element: Record<string, unknown> = { a: 1, b: { inner: 1 } };
    elements.noteStored("group", [element]);
    expect(elements.areGroup([element], 0, 1, "group")).toBe(true);
    change(element);
    expect(elements.areGroup([element], 0, 1, "group")).toBe(false);
  }
});

it("of plain elements those are known that come back as they were", () => {
  const elements = new ListElements();
  elements.noteStored("exact", [1, "x", true, null]);
  expect(elements.copies("exact")).toEqual([1, "x", true, null]);
  for (const value of [-0, Number.NaN, Number.POSITIVE_INFINITY, undefined, 1n]) {
    elements.noteStored("other", [value]);
    expect(elements.copies("other")).toBeUndefined();
  }
});
