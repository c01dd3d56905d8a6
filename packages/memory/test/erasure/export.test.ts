import { expect, it } from "vitest";
import { failure, oneStore, twoStores, user } from "../fixture.ts";
import { of } from "./opened.ts";
import { canary, killable, person, plant } from "./plant.ts";

type Line = { readonly kind: string; readonly [name: string]: unknown };

async function linesOf(text: AsyncIterable<string>): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of text) {
    expect(line.indexOf("\n")).toBe(line.length - 1);
    lines.push(JSON.parse(line));
  }
  return lines;
}

it.each([
  ["one store", () => oneStore()],
  ["two stores, sessions volatile", () => twoStores("volatile")],
  ["two stores, sessions durable", () => twoStores("durable")],
])("an export from %s has all of the person's data and nothing of others", async (_, open) => {
  const { memory, stores } = of(open());
  await plant(memory, stores);
  const acme = memory.tenant("acme");
  // It belongs to her by now.
  await acme.session("fork-2").append(user("Ana in a fork of his words"));
  const lines = await linesOf(acme.user(person).export());
  const of_ = (kind: string): Line[] => lines.filter((line) => line.kind === kind);
  expect(lines[0]).toMatchObject({ kind: "relevo-export", version: 1, tenant: "acme", user: person });
  const counts = { sessions: 3, events: 18, operations: 4, documents: of_("document").length };
  expect(lines.at(-1)).toMatchObject({ kind: "end", counts });
  expect(of_("session").map(({ session }) => session)).toEqual(["fork-1", "chat-1", "chat-2"]);
  expect(of_("event")).toHaveLength(18);
  // What was retracted is still stored, and so it is the person's to have.
  expect(JSON.stringify(of_("event"))).toContain(`gone ${canary}`);
  const keys = of_("document").map(({ key }) => key);
  for (const key of [
    "durable",
    `key-${canary}`,
    "both",
    "name",
    "mood",
    "step",
    "note",
    "seen-chat-1",
    "learned-chat-2",
  ])
    expect(keys).toContain(key);
  // Copies in the volatile tier are there too: they are data of the person.
  const planned = (await acme.user(person).erase({ dryRun: true })).removed;
  expect(planned.documents + planned.sessionDocuments).toBe(counts.documents);
  const text = JSON.stringify(lines);
  for (const foreign of ["I stay", "Ana Gil", "his words", "warm words", "from ana", '"fr"'])
    expect(text).not.toContain(foreign);
  expect(await linesOf(acme.user("nobody").export())).toHaveLength(2);
});

it("an export reads a page at a time, and ends when nobody reads on", async () => {
  const { memory, stores, reopen } = of(oneStore());
  const acme = memory.tenant("acme");
  for (const session of ["a", "b"])
    for (let part = 0; part < 3; part++)
      await acme
        .session(session, { subject: person })
        .append(Array.from({ length: 100 }, (_, index) => user(`${part} ${index}`)));
  expect(stores).toHaveLength(1);
  const door = { calls: 0, killAt: Number.POSITIVE_INFINITY };
  const counted = reopen((store) => killable(store, door)).tenant("acme");
  let read = 0;
  for await (const _ of counted.user(person).export()) if (++read === 50) break;
  expect(door.calls).toBeLessThan(6);
});

it("an export of a session that ends meanwhile says so and goes on", async () => {
  const { memory } = of(oneStore());
  const acme = memory.tenant("acme");
  for (const id of ["a", "b"])
    await acme
      .session(id, { subject: person })
      .append(Array.from({ length: 150 }, (_, index) => user(`${id}${index}`)));
  const lines: Line[] = [];
  for await (const text of acme.user(person).export()) {
    lines.push(JSON.parse(text));
    if (lines.length === 3) await acme.session("a").delete();
  }
  expect(lines.filter(({ kind }) => kind === "ended")).toMatchObject([{ session: "a" }]);
  expect(lines.filter(({ kind, session }) => kind === "event" && session === "b")).toHaveLength(150);
  expect(lines.at(-1)?.kind).toBe("end");
});

it("an export that fails has no last line", async () => {
  const { memory, stores, reopen } = of(oneStore());
  await plant(memory, stores);
  const broken = reopen((store) => killable(store, { calls: 0, killAt: 6 })).tenant("acme");
  await failure(linesOf(broken.user(person).export()), "unavailable");
  const juan = memory.tenant("acme").user(person);
  await failure((async () => linesOf(juan.export({ signal: AbortSignal.abort() })))(), "aborted");
  await memory.close();
  await failure(linesOf(juan.export()), "closed");
});
