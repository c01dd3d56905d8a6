import type { Message, ViewForm } from "@relevo/core";
import { conversation, entriesOf, strange } from "@relevo/random-conversations";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arrangeGroups,
  firstSeq,
  groupEntries,
  providers,
  type ViewMessage,
  validateForProvider,
} from "../src/index.ts";

const seed = 20_261_126;

const form: fc.Arbitrary<ViewForm> = fc.record({
  for: fc.option(fc.constantFrom(...providers), { nil: undefined }),
  prefill: fc.option(fc.constantFrom("refused" as const, "continued" as const), { nil: undefined }),
});

function arrange(messages: readonly Message[], options: ViewForm): readonly ViewMessage[] {
  return arrangeGroups(groupEntries(entriesOf(messages), options).groups, options);
}

describe.each([
  ["an append takes", conversation],
  ["an import brings", strange],
] as const)("whatever %s", (_, messages) => {
  it("is arranged into what its providers take", () => {
    fc.assert(
      fc.property(messages, form, (history, options) => {
        const arranged = arrange(history, options).map(({ message }) => message);
        if (arranged.every(({ role }) => role === "system")) return;
        for (const provider of options.for === undefined ? providers : [options.for]) {
          expect(validateForProvider(arranged, provider, options)).toEqual([]);
        }
      }),
      { numRuns: 1_000, seed },
    );
  });

  it("stays as it is when it is arranged once more", () => {
    fc.assert(
      fc.property(messages, form, (history, options) => {
        const once = arrange(history, options).map(({ message }) => message);
        const twice = arrange(once, options).map(({ message }) => message);
        expect(twice).toEqual(once);
      }),
      { numRuns: 700, seed },
    );
  });

  it("is accounted for: each entry is in a group or left over, and nothing is made up that has a place", () => {
    fc.assert(
      fc.property(messages, form, (history, options) => {
        const entries = entriesOf(history);
        const { groups, leftovers } = groupEntries(entries, options);
        const grouped = new Set(groups.flatMap((group) => group.entries));
        const left = new Set(leftovers.map(({ entry }) => entry));
        const places = groups.map(firstSeq);
        expect(places).toEqual(places.toSorted((one, other) => one - other));
        for (const entry of entries)
          expect(grouped.has(entry) !== left.has(entry), `seq ${entry.seq}`).toBe(true);
        for (const { seq, message } of arrangeGroups(groups, options)) {
          if (seq === undefined) expect(["user", "tool"]).toContain(message.role);
          else expect(entries[seq - 1]).toBeDefined();
        }
      }),
      { numRuns: 1_000, seed },
    );
  });
});
