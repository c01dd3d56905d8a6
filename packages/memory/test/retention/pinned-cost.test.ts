import { expect, it } from "vitest";
import { createMemory } from "../../src/index.ts";
import { oneStore, texts, user } from "../fixture.ts";
import { countingReads, readBehindPin } from "./pinned-cost.ts";

const dayMs = 24 * 3600 * 1000;
/** A hundred events that no mark is worth, the pinned one, and the first that stays. */
const bound = 110;

it("a run behind a pinned message reads what it removes and a bounded number of other events", async () => {
  for (const removed of [10, 100, 1000, 2500]) {
    const { store, clock } = oneStore();
    const { first, plan, second } = await readBehindPin(store, removed, "acme", { clock });
    expect(first, `${removed}: first`).toBeLessThanOrEqual(removed + bound);
    expect(plan, `${removed}: plan`).toBeLessThanOrEqual(bound);
    expect(second, `${removed}: second`).toBeLessThanOrEqual(1 + bound);
  }
});

it("what is old by age is looked for behind what was removed, whoever blanked it", async () => {
  const { store: opened, clock } = oneStore();
  const { store, take } = countingReads(opened);
  const acme = createMemory({ store, clock, cache: false }).tenant("acme");
  const session = acme.session("s");
  await session.append([{ role: "system", content: "Be kind." }, user("first")]);
  for (let part = 0; part < 3; part++)
    await session.append(Array.from({ length: 100 }, (_, index) => user(`${part}-${index}`)));
  // Without retention: nothing is due, and that is found out once.
  await session.erase({ seqs: Array.from({ length: 301 }, (_, index) => index + 2) });
  clock.advance(10 * dayMs);
  await session.append(user("recent"));
  const retention = acme.retention([{ events: { olderThanMs: 5 * dayMs } }]);
  const { updatedAt, version, revision } = (await session.head()) ?? {};
  expect(await retention.apply()).toMatchObject({ events: 0, skipped: 0 });
  take();
  for (let time = 0; time < 2; time++) {
    expect(await retention.apply()).toMatchObject({ events: 0, skipped: 0 });
    expect(take()).toBeLessThanOrEqual(bound);
  }
  expect(await session.head()).toMatchObject({ updatedAt, version, revision });
  clock.advance(6 * dayMs);
  await session.append(user("newest"));
  expect(await retention.plan()).toMatchObject({ events: 1 });
  expect(await retention.apply()).toMatchObject({ events: 1 });
  expect(texts(await session.messages())).toEqual(["Be kind.", "newest"]);
  // What was pinned and is erased no longer holds the rest: all of it is trimmed.
  await session.erase({ seqs: [1] });
  await retention.apply();
  expect(await session.head()).toMatchObject({ firstSeq: 304 });
});

it("a mark stays in its store: no export has it", async () => {
  const { store, clock } = oneStore();
  await readBehindPin(store, 300, "acme", { clock });
  const acme = createMemory({ store, clock }).tenant("acme");
  const found = await store.documents.find({ tenant: "acme", session: "s300" });
  expect(found.items.map(({ namespace, value }) => [namespace, value])).toEqual([
    [["relevo", "retentions"], { seq: 302 }],
  ]);
  for (const selector of [{}, { session: "s300" }]) {
    let text = "";
    for await (const line of acme.export(selector)) text += line;
    expect(text).toContain("Be kind.");
    expect(text).not.toContain("retentions");
  }
});
