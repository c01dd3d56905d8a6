import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import type { RecallHit, Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHashingEmbedder, createRecall, createSearchIndex, type StoreRecall } from "../../src/index.ts";
import { friday, said } from "../conversations.ts";

const people = ["Nora", "Piet", "Ana", "Marta Olsen"];
const words =
  "garden plum tree plant shed weekend Delft kettle broken invoice INV-7 accountant puppy beagle kitchen paint attic receta croquetas abuela cena programme Odoo books repair doctor Tuesday holiday Lisbon bicycle green blue train ticket".split(
    " ",
  );

const sentence = fc
  .tuple(
    fc.array(fc.constantFrom(...words, "the", "a", "with", "we", "de", "la"), {
      minLength: 2,
      maxLength: 12,
    }),
    fc.constantFrom(".", ".", "?", " yesterday.", " last month.", " for Nora!"),
  )
  .map(([chosen, end]) => `I ${chosen.join(" ")}${end}`);

const line = fc.record({
  session: fc.integer({ min: 0, max: 6 }),
  speaker: fc.constantFrom(...people),
  text: fc.array(sentence, { minLength: 1, maxLength: 3 }).map((sentences) => sentences.join(" ")),
  day: fc.integer({ min: 0, max: 60 }),
});

const question = fc.tuple(
  fc.constantFrom("What", "Where", "When", "Who", "¿Qué", "Which"),
  fc.array(fc.constantFrom(...words, ...people, "gardn", "kettles"), { minLength: 1, maxLength: 5 }),
  fc.constantFrom("?", " in March?", " on 3 March?", " yesterday?"),
);

const stories = fc.record({
  lines: fc.array(line, { minLength: 20, maxLength: 60 }),
  questions: fc.array(question, { minLength: 8, maxLength: 8 }),
  erased: fc.array(fc.nat(6), { maxLength: 2 }),
  deleted: fc.option(fc.nat(6)),
});

/** Both indexes hold the same, so a question finds the same texts with the same scores in the same order. */
describe("the index on PostgreSQL ranks as the index in process does", () => {
  let pglite: PGlite;
  let database: Store;

  beforeAll(async () => {
    pglite = await PGlite.create({ extensions: { vector } });
    await pglite.exec("create extension vector");
    await migratePostgres({ pglite });
    database = createPostgresStore({ pglite, timeoutMs: 300_000 });
  });
  afterAll(async () => {
    await database?.close();
    await pglite?.close();
  });

  it.each([
    ["by words", false],
    ["with vectors", true],
  ])("%s", { timeout: 600_000 }, async (_, embeds) => {
    let run = 0;
    const property = fc.asyncProperty(stories, async ({ lines, questions, erased, deleted }) => {
      const tenant = `${embeds ? "v" : "w"}${run++}`;
      await using store = createMemoryStore();
      const embedder = embeds ? createHashingEmbedder({ dimensions: 32 }) : undefined;
      const { search } = database;
      if (search === undefined) throw new Error("The store has no index.");
      const recalls = [createSearchIndex(), search].map((index) =>
        createRecall({ store, index, ...(embedder && { embedder }) }),
      );
      const compare = async (): Promise<void> => {
        for (const [kind, named, end] of questions) {
          const query = {
            text: `${kind} ${named.join(" ")}${end}`,
            limit: 50,
            explain: true,
            now: friday + 86_400_000,
            asker: "Nora",
          };
          const [expected, found] = await Promise.all(recalls.map((recall) => hitsOf(recall, tenant, query)));
          expect(found, query.text).toEqual(expected);
        }
      };
      for (const { session, speaker, text, day } of lines)
        await store.log.append({ tenant, session: `s${session}` }, [
          said([speaker, text], friday - day * 86_400_000),
        ]);
      await compare();
      for (const session of erased)
        if ((await store.log.head({ tenant, session: `s${session}` })) !== undefined)
          await store.log.erase({ tenant, session: `s${session}` }, { seqs: [{ from: 1, to: 2 }] });
      if (deleted !== null) await store.log.delete({ tenant, session: `s${deleted}` });
      await store.log.append({ tenant, session: "s1" }, [said(["Ana", "I plant a green tree in Lisbon."])]);
      await compare();
    });
    await fc.assert(property, { seed: 20_240_301, numRuns: Number(process.env.RELEVO_RUNS ?? 12) });
  });
});

async function hitsOf(
  recall: StoreRecall,
  tenant: string,
  query: Parameters<StoreRecall["search"]>[1],
): Promise<readonly RecallHit[]> {
  return (await recall.search(tenant, query)).hits;
}
