import { expect, it } from "vitest";
import { aborted, failure, oneStore, twoStores, user } from "./fixture.ts";

it("a tenant's sessions are counted by their heads, with the archive apart", async () => {
  const { memory, clock, volatile } = twoStores();
  const acme = memory.tenant("acme");
  expect(await acme.stats()).toEqual({
    sessions: 0,
    events: 0,
    bytes: 0,
    active: 0,
    people: 0,
    complete: true,
    archive: { sessions: 0, events: 0, bytes: 0, complete: true },
  });
  for (const [id, subject] of [
    ["a", "ana"],
    ["b", "bob"],
    ["c", "ana"],
    ["d", "ana"],
  ] as const) {
    await acme.session(id, { subject }).append([user(id), user("x")]);
    clock.advance(1_000);
  }
  await memory.tenant("other").session("a").append(user("x"));
  await acme.archive("b");
  const heads = (await volatile.log.list("acme")).items;
  const bytes = heads.reduce((sum, head) => sum + head.bytes, 0);
  const newestAt = clock.now() - 1_000;
  const counted = { sessions: 3, events: 6, bytes, people: 1, complete: true, newestAt };
  expect(await acme.stats()).toMatchObject({
    ...counted,
    active: 3,
    archive: { sessions: 1, events: 2, complete: true },
  });
  expect(await acme.stats({ activeMs: 2_500 })).toMatchObject({ ...counted, active: 2 });
  expect(await acme.stats({ maxSessions: 2 })).toMatchObject({ sessions: 2, events: 4, complete: false });
  const one = oneStore().memory.tenant("acme");
  expect(await one.stats()).not.toHaveProperty("archive");
  await failure(acme.stats({ maxSessions: 0 }), "invalid-input");
  await failure(acme.stats({ activeMs: 0.5 }), "invalid-input");
  await failure(acme.stats(aborted()), "aborted");
});
