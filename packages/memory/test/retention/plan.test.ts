import fc from "fast-check";
import { expect, it } from "vitest";
import type { RetentionPolicy } from "../../src/index.ts";
import { oneStore, storyCount } from "../fixture.ts";

/** In seconds, so that many things are of one moment and of the very moment of a policy. */
const moment = fc.integer({ min: 0, max: 4 });
const person = fc.constantFrom("ana", "eva", "bob");
const memories = fc.array(
  fc.record({
    of: fc.constantFrom("agent", "user", "workspace"),
    name: person,
    key: fc.constantFrom("k", "l", "m"),
    isPinned: fc.boolean(),
    at: moment,
  }),
  { maxLength: 25 },
);
const sessions = fc.array(
  fc.record({ user: person, events: fc.array(moment, { minLength: 1, maxLength: 6 }), pinned: fc.nat(8) }),
  { maxLength: 4 },
);
const bound = fc.record(
  { keep: fc.integer({ min: 1, max: 3 }), olderThanMs: fc.integer({ min: 1, max: 4 }).map((n) => n * 1000) },
  { requiredKeys: [] },
);

type Memories = typeof memories extends fc.Arbitrary<infer Value> ? Value : never;
type Bound = typeof bound extends fc.Arbitrary<infer Value> ? Value : never;
const end = 5_000;

/** By the rules alone, over lists. */
function expectedMemories(all: Memories, of: string, { keep, olderThanMs }: Bound, held: string) {
  const latest = new Map(all.filter((one) => one.of === of).map((one) => [`${one.name}/${one.key}`, one]));
  const counts = { documents: 0, held: 0 };
  for (const name of ["ana", "eva", "bob"]) {
    const own = [...latest.values()].filter((one) => one.name === name);
    const newest = own.sort((a, b) => b.at - a.at || all.lastIndexOf(b) - all.lastIndexOf(a));
    for (const one of newest.slice(keep ?? 0)) {
      if (one.isPinned || (olderThanMs !== undefined && one.at * 1000 > end - olderThanMs)) continue;
      if (of === "user" && name === held) counts.held++;
      else counts.documents++;
    }
  }
  return counts;
}

it("the plan is what a reference has by the rules, and what is then done, with ties, pins and holds", async () => {
  await fc.assert(
    fc.asyncProperty(
      memories,
      sessions,
      bound.filter((one) => Object.keys(one).length > 0),
      person,
      fc.constantFrom("erase" as const, "keep" as const),
      async (given, talks, limits, held, derived) => {
        const { memory, clock } = oneStore();
        const acme = memory.tenant("acme");
        const start = clock.now();
        const all = given.toSorted((a, b) => a.at - b.at);
        const said = talks.flatMap(({ events, ...talk }, index) =>
          events.toSorted().map((at, place) => ({ ...talk, at, place, session: `s${index}` })),
        );
        for (let at = 0; at < 5; at++) {
          for (const one of all.filter((candidate) => candidate.at === at)) {
            const { of, name, key, isPinned } = one;
            const place =
              of === "agent" ? acme.agent(name) : of === "user" ? acme.user(name) : acme.workspace(name);
            await place.remember(key, at, isPinned ? { tags: ["pinned"] } : {});
          }
          for (const one of said.filter((candidate) => candidate.at === at)) {
            const session = acme.session(one.session, { subject: one.user });
            const role = one.place === one.pinned ? "system" : "user";
            await session.append({ role, content: "x" });
          }
          clock.advance(1000);
        }
        expect(clock.now() - start).toBe(end);
        await acme.hold({ user: held }, { reason: "court" });
        const byEvents =
          limits.keep === undefined ? { olderThanMs: limits.olderThanMs ?? 1 } : { keep: limits.keep };
        const policies: RetentionPolicy[] = [
          { agents: limits },
          { users: limits },
          { workspaces: limits },
          { events: { ...byEvents, derived } },
        ];
        const events = { events: 0, held: 0 };
        for (const [index, talk] of talks.entries()) {
          const own = said.filter(({ session }) => session === `s${index}`);
          const old =
            limits.keep === undefined
              ? own.filter(({ at }) => at * 1000 <= end - (limits.olderThanMs ?? 1)).length
              : Math.max(0, own.length - limits.keep);
          const due = talk.pinned < old ? old - 1 : old;
          if (due === 0) continue;
          if (talk.user === held) events.held++;
          else events.events += due;
        }
        const retention = acme.retention(policies);
        const plan = await retention.plan();
        expect(plan.policies).toMatchObject([
          expectedMemories(all, "agent", limits, held),
          expectedMemories(all, "user", limits, held),
          expectedMemories(all, "workspace", limits, held),
          events,
        ]);
        const report = await retention.apply();
        expect({ ...report.policies }).toEqual({ ...plan.policies });
        expect(report).toMatchObject({ skipped: 0, more: false });
        const after = await retention.plan();
        expect(after).toMatchObject({ sessions: 0, events: 0, documents: 0, held: plan.held });
        expect((await acme.retentionRecords()).items[0]?.policies.map(({ of }) => of)).toMatchObject(
          policies,
        );
      },
    ),
    { numRuns: storyCount(25), seed: 20261127 },
  );
});

it("bad policies are refused with what is wrong, and an unknown name has nothing", async () => {
  const { memory } = oneStore();
  const acme = memory.tenant("acme");
  const one: RetentionPolicy = { agents: { keep: 1, agent: "nobody" } };
  expect(await acme.retention(Array.from({ length: 100 }, () => one)).plan()).toMatchObject({ documents: 0 });
  expect(() => acme.retention(Array.from({ length: 101 }, () => one))).toThrow(/100/u);
  for (const [policy, said] of [
    [{ events: { olderThanMs: Number.NaN } }, "policies[0].events.olderThanMs"],
    [{ users: { olderThanMs: Number.POSITIVE_INFINITY } }, "policies[0].users.olderThanMs"],
    [{ users: { keep: -1 } }, "policies[0].users.keep"],
    [{ workspaces: {} }, "would select everything"],
    [{ users: { keep: 1, agent: "a" } }, "policies[0].users.agent"],
    [{ agents: { belowImportance: Number.NaN } }, "policies[0].agents.belowImportance"],
    [{ agents: null }, "policies[0].agents"],
    [{ memories: { keep: 1 } }, "memories"],
  ] as const)
    expect(() => acme.retention([policy as unknown as RetentionPolicy]), said).toThrow(said);
});
