import { randomUUID } from "node:crypto";
import type { FactRequest, SearchIndex, WrittenFact } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createFacts, createHashingEmbedder, createRecall, createSearchIndex } from "../../src/index.ts";
import { openPlace, type PlaceKind } from "./open-places.ts";

/** A word that is nowhere but where the test puts it; written without vowels that a stemmer could take. */
const canary = "zqxcanaryw7";

/** The index on PostgreSQL also keeps terms from their ends on. */
const traces: readonly string[] = [canary, [...canary].reverse().join("")];

const say = (content: string) => ({ role: "user" as const, content });

const shout = async ({ messages }: FactRequest): Promise<readonly WrittenFact[]> =>
  messages.map(({ seq, text }) => ({ text: `It was said: ${text}`, from: [seq] }));

/** Where sessions and documents are, and which index there is. */
const arrangements: readonly {
  readonly sessions: PlaceKind;
  readonly durable?: PlaceKind;
  readonly index: "process" | "own";
}[] = [
  { sessions: "process", index: "process" },
  { sessions: "pglite", index: "own" },
  { sessions: "redis", index: "process" },
  { sessions: "postgres", index: "own" },
  { sessions: "redis", durable: "postgres", index: "own" },
];

/** How many items are near anything at all. */
const vectorsIn = (index: SearchIndex, tenant: string): Promise<number> =>
  index
    .read(
      tenant,
      { terms: [], vector: Array(256).fill(1), nearest: 1000 },
      ({ nearest }) => nearest?.items.length ?? 0,
    )
    .catch((error) => (error.code === "unsupported" ? 0 : Promise.reject(error)));

const needed = (kind: PlaceKind | undefined): boolean =>
  kind === "redis" || kind === "postgres" ? requireService(kind, { for: `an erasure on ${kind}` }) : true;

describe.each(arrangements)("an erasure on $sessions $durable with the index $index", (arrangement) => {
  const isPossible = needed(arrangement.sessions) && needed(arrangement.durable);

  it.skipIf(!isPossible)("leaves no word of a person, and all of the others", async () => {
    await using first = await openPlace[arrangement.sessions]();
    await using second = arrangement.durable && (await openPlace[arrangement.durable]());
    const durable = second ?? first;
    const index = arrangement.index === "process" ? createSearchIndex() : durable.search;
    if (index === undefined) throw new Error("The store has no index.");
    const tenant = randomUUID();
    // The server is without pgvector, and so there are no vectors in its tables.
    const hasVectors = arrangement.index === "process" || arrangement.sessions === "pglite";
    const recall = createRecall({
      store: first.store,
      durable: durable.store,
      index,
      policy: { memories: true, facts: true, documents: [["app"]] },
      ...(hasVectors ? { embedder: createHashingEmbedder() } : {}),
    });
    const stores = second
      ? { volatile: first.store, durable: second.store, sessions: "volatile" as const }
      : { store: first.store };
    const memory = createMemory({ ...stores, recall, indexes: [recall], recordRecalls: true });
    const acme = memory.tenant(tenant);

    for (const [user, word] of [
      ["ana", canary],
      ["leo", "sunflower"],
    ] as const) {
      const session = acme.session(`chat-${user}`, { subject: user });
      await session.append([say(`My dog is called ${word}.`), say(`And ${word} again.`)]);
      const facts = createFacts({ store: first.store, writer: { name: "test", write: shout }, recall });
      await facts.write(tenant, session.id, { flush: true });
      await acme.user(user).remember("dog", `The dog ${word}`);
      await acme.agent("vet").for(user).remember("dog", `Sees ${word} on Monday`);
      await session.agent("vet").remember(`learned-${user}`, `Dogs such as ${word}`, { tier: "durable" });
      const { incarnation = "", removalRevision = 0 } = (await session.head()) ?? {};
      if (second === undefined)
        await acme.knowledge.add({
          text: `A typical name of a dog is ${word}.`,
          derivedFrom: {
            events: { session: session.id, incarnation, removalRevision, ranges: [{ from: 1, to: 1 }] },
          },
        });
      await acme.context({ session, task: `walk ${word}` });
      const places = ["messages", "facts", "memories"] as const;
      for (const place of places)
        expect((await acme.search({ text: word, in: [place] })).hits[0]?.text.toLowerCase(), place).toContain(
          word,
        );
      if (second === undefined)
        expect((await acme.search({ text: word, in: ["knowledge"] })).hits[0]?.text).toContain(word);
    }
    const others = (await acme.search({ text: "sunflower", limit: 100 })).hits.map(({ text }) => text).sort();
    expect(others.length).toBeGreaterThanOrEqual(7 - (second === undefined ? 0 : 1));
    if (hasVectors) expect(await vectorsIn(index, tenant)).toBe((await index.state(tenant)).items);

    if (arrangement.index === "own") {
      const before = await durable.dump();
      for (const trace of traces) expect(before.includes(trace), trace).toBe(true);
    }

    const report = await acme.user("ana").erase();
    expect(report.complete).toBe(true);
    const nowhere = async (): Promise<void> => {
      expect(await index.lookup(tenant, [[canary]])).toEqual([[]]);
      const seen = await index.read(tenant, { terms: [canary] }, ({ postings }) => postings[0]);
      expect(seen).toBeUndefined();
      for (const { stream } of (await index.streams(tenant, { all: true }, { limit: 1000 })).items)
        expect(JSON.stringify(stream)).not.toMatch(/(?<![\w-])ana(?![\w-])/u);
      for (const place of [first, second ?? first]) {
        const lines = (await place.dump()).split("\n");
        expect(lines.filter((line) => traces.some((trace) => line.includes(trace)))).toEqual([]);
      }
    };
    // At once, and after everything was followed again.
    await nowhere();
    await recall.update(tenant);
    await nowhere();
    expect((await acme.search({ text: canary })).hits.filter(({ text }) => text.includes(canary))).toEqual(
      [],
    );
    await acme.recalls();
    const left = (await acme.search({ text: "sunflower", limit: 100 })).hits.map(({ text }) => text).sort();
    expect(left.filter((text) => text.includes("sunflower"))).toEqual(
      others.filter((text) => text.includes("sunflower")),
    );
    if (hasVectors) expect(await vectorsIn(index, tenant)).toBe((await index.state(tenant)).items);
  });
});
