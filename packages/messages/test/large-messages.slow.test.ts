import { call, entriesOf, user } from "@relevo/random-conversations";
import { expect, it } from "vitest";
import { arrangeGroups, groupEntries, providers, validateForProvider } from "../src/index.ts";

it("a message may have more parts than a call takes arguments", () => {
  const calls = Array.from({ length: 150_000 }, (_, n) => call(`c${n}`));
  const { groups } = groupEntries(entriesOf([user("go"), { role: "assistant", content: calls }]), {});
  const arranged = arrangeGroups(groups, {}).map(({ message }) => message);
  expect(arranged.at(-1)?.content).toHaveLength(150_000);
  for (const provider of providers) expect(validateForProvider(arranged, provider), provider).toEqual([]);
});
