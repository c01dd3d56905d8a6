import { expect, it } from "vitest";
import { inOrder, type StoredWrite } from "../src/langgraph/checkpoint/pending-writes.ts";

const write = (task: string, index: number, of?: number): StoredWrite => ({
  path: "",
  task,
  index,
  channel: "c",
  value: {} as StoredWrite["value"],
  ...(of === undefined ? {} : { of }),
});

it("of a task whose writes were stored in part, those with a name of their own count alone", () => {
  const writes = [write("a", 1, 2), write("a", 0, 2), write("b", 0, 2), write("b", -1, 2), write("c", 0)];
  expect(inOrder(writes).map(({ task, index }) => [task, index])).toEqual([
    ["a", 0],
    ["a", 1],
    ["b", -1],
    ["c", 0],
  ]);
});
