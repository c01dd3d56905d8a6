import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createRecall, createSearchIndex } from "../../src/index.ts";
import { append, cocina, garden, type Line, work } from "../conversations.ts";
import { openPlace } from "./open-places.ts";

const isPossible = (["redis", "postgres"] as const)
  .map((service) => requireService(service, { for: "the killed indexer" }))
  .every((available) => available);

/** Runs it to its end, or to its death; true when it lived. */
async function run(...args: readonly string[]): Promise<boolean> {
  const script = fileURLToPath(new URL("./index-process.ts", import.meta.url));
  const child = fork(script, args);
  const [code, signal] = await once(child, "exit");
  if (signal === null) expect(code).toBe(0);
  else expect(signal).toBe("SIGKILL");
  return signal === null;
}

describe.skipIf(!isPossible)("a process that is killed while it indexes", () => {
  it("leaves nothing out and nothing twice, wherever it was", async () => {
    await using sessions = await openPlace.redis();
    await using database = await openPlace.postgres();
    if (database.search === undefined) throw new Error("The store has no index.");
    const tenant = randomUUID();
    const { store } = sessions;
    const later: readonly (readonly [string, Line])[] = Array.from({ length: 40 }, (_, n) => [
      `s${n % 4}`,
      ["Nora", `Item number${n} is in box ${n % 7}.`],
    ]);
    await append(store, tenant, "garden", garden);
    await append(store, tenant, "work", work);
    await append(store, tenant, "cocina", cocina);
    let deaths = 0;
    for (let last = 1; ; last += 4) {
      if (await run(sessions.url, database.url, tenant, `${last}`)) break;
      // Meanwhile the conversation goes on, and some of it goes.
      const next = later[deaths++];
      if (next === undefined) continue;
      await append(store, tenant, next[0], [next[1]]);
      if (deaths === 3) await store.log.erase({ tenant, session: "garden" }, { seqs: [{ from: 6, to: 6 }] });
    }
    expect(deaths).toBeGreaterThan(5);

    const policy = { facts: true };
    const shared = createRecall({ store, index: database.search, policy });
    const fresh = createRecall({ store, index: createSearchIndex(), policy });
    expect(await run(sessions.url, database.url, tenant, "0")).toBe(true);
    for (const text of ["What is in box 3?", "puppy name", "¿Qué cenó Tomás?", "accountant invoice"]) {
      const question = { text, limit: 100, explain: true } as const;
      const { hits } = await shared.search(tenant, question);
      expect(hits.length).toBeGreaterThan(0);
      expect(hits).toEqual((await fresh.search(tenant, question)).hits);
    }
    expect(await shared.update(tenant)).toBe(0);
    // One fact for each message that is there.
    for (const { session } of (await store.log.list(tenant)).items) {
      const { events } = await store.log.read({ tenant, session }, { types: ["message"] });
      const messages = events.flatMap((event) => (event.erasedAt === undefined ? [event.seq] : []));
      const facts = await store.documents.find(
        { tenant, session },
        { namespacePrefix: ["relevo", "facts"], limit: 1000 },
      );
      const sources = facts.items.flatMap(({ derivedFrom }) => derivedFrom?.events?.ranges ?? []);
      const seqs = sources.map(({ from }) => from).sort((left, right) => left - right);
      expect(seqs).toEqual(messages);
    }
  });
});
