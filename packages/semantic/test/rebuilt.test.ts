import type { SearchChange, SearchIndex, SearchItem, SearchReading, SearchRequest } from "@relevo/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSearchIndex } from "../src/index.ts";
import { Scratch } from "../src/scoring/lexical.ts";
import { scoreQuestion } from "../src/scoring/score-question.ts";

const words = ["a", "b", "c", "d", "e", "f"] as const;

const items: fc.Arbitrary<Omit<SearchItem, "position">> = fc
  .record({
    terms: fc.subarray([...words], { minLength: 1 }),
    counts: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 2 })),
    at: fc.integer({ min: 1, max: 9 }),
    speaker: fc.constantFrom("p", "q"),
    angle: fc.double({ min: 0, max: 6, noNaN: true }),
    asks: fc.integer({ min: 0, max: 1 }),
  })
  .map(({ terms, counts: [statements, questions], at, speaker, angle, asks }) => ({
    terms: terms.map((term) => [term, statements, questions] as const),
    at,
    marks: asks,
    speaker,
    vector: [Math.cos(angle), Math.sin(angle)],
  }));

type Step =
  | { readonly kind: "write"; readonly change: SearchChange }
  | { readonly kind: "remove"; readonly session: string }
  /** Many items that come and go, so that the index is compacted. */
  | { readonly kind: "flood" };

const sessions = fc.constantFrom("s1", "s2", "s3");
const writes: fc.Arbitrary<Step> = fc
  .record({
    session: sessions,
    after: fc.integer({ min: 0, max: 12 }),
    length: fc.integer({ min: 0, max: 8 }),
    keep: fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 4 }),
    drawn: fc.array(items, { minLength: 8, maxLength: 8 }),
  })
  .map(({ session, after, length, keep, drawn }) => ({
    kind: "write",
    change: {
      stream: { kind: "session", session, incarnation: "i" },
      revision: 0,
      after,
      through: after + length,
      keep,
      items: drawn
        .slice(0, length)
        .map((item, place) => ({ ...item, position: after + place + 1 }))
        .filter(({ position }) => !keep.includes(position)),
    },
  }));
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: writes },
  { weight: 2, arbitrary: sessions.map((session): Step => ({ kind: "remove", session })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "flood" }) },
);

const tenant = "acme";

async function flood(index: SearchIndex): Promise<void> {
  const many = Array.from({ length: 1200 }, (_, position) => ({
    position,
    terms: [["a", 1, 0] as const],
    at: 5,
    marks: 0,
    vector: [1, 0],
  }));
  const stream = { kind: "session", session: "flood", incarnation: "i" } as const;
  await index.write(tenant, { stream, revision: 0, items: many });
  await index.remove(tenant, { session: "flood" });
}

/** What a change leaves of a stream, as plainly as it can be written. */
function after(present: readonly SearchItem[], change: SearchChange): readonly SearchItem[] {
  const isOut = ({ position }: SearchItem): boolean =>
    position <= (change.after ?? 0) ||
    position > (change.through ?? 0) ||
    change.keep?.includes(position) === true;
  return [...present.filter(isOut), ...change.items].sort((a, b) => a.position - b.position);
}

const request: SearchRequest = { terms: words, speakers: ["p"], times: [3, 4], vector: [1, 1], nearest: 5 };

/** The order that a question about three of the words gives, with the totals that all scores depend on. */
function asked(reading: SearchReading): unknown {
  const terms = reading.postings.flatMap((list, place) =>
    list === undefined || place % 2 === 1
      ? []
      : [{ word: words[place] ?? "", weight: 1, holders: list.holders, postings: [{ list, weight: 1 }] }],
  );
  const question = {
    terms,
    kinds: 0,
    times: [{ from: 3, to: 4, grain: "day" as const }],
    subject: reading.asked[0] ?? -1,
  };
  const best = scoreQuestion(reading, question, 50, new Scratch());
  return {
    totals: [reading.items, reading.streams, reading.length, ...terms.map(({ holders }) => holders)],
    best: best.map(({ source, position, score }) => [source, position, score]),
  };
}

it("an index after any changes orders as one that is built anew from what is left", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 25 }), async (story) => {
      const index = createSearchIndex();
      const left = new Map<string, readonly SearchItem[]>();
      for (const step of story) {
        if (step.kind === "flood") await flood(index);
        else if (step.kind === "remove") {
          await index.remove(tenant, { session: step.session });
          left.delete(step.session);
        } else {
          const session = step.change.stream.session ?? "";
          // Repeating a change has to change nothing.
          for (let time = 0; time < 2; time++) await index.write(tenant, step.change);
          left.set(session, after(left.get(session) ?? [], step.change));
        }
      }
      const anew = createSearchIndex();
      for (const [session, kept] of [...left].reverse())
        await anew.write(tenant, {
          stream: { kind: "session", session, incarnation: "i" },
          revision: 0,
          items: kept,
        });
      expect(await index.read(tenant, request, asked)).toEqual(await anew.read(tenant, request, asked));
      expect((await index.state(tenant)).items).toBe((await anew.state(tenant)).items);
      expect((await index.state(tenant)).span).toEqual((await anew.state(tenant)).span);
    }),
    { seed: 20_261_126, numRuns: 30 },
  );
});
