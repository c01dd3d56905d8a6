import { allPages, type ListSessionsOptions, type SessionHead } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { encodeCursor } from "@relevo/core/store";
import { check, equal, eventually, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, range, says } from "../../samples.ts";

async function heads(context: CaseContext, options: ListSessionsOptions): Promise<readonly SessionHead[]> {
  const found: SessionHead[] = [];
  for await (const head of allPages((cursor) =>
    context.other.log.list(context.tenant, { ...options, ...cursor }),
  )) {
    found.push(head);
    check(found.length < 1000, "the list does not end");
  }
  return found;
}

async function expectList(
  context: CaseContext,
  options: ListSessionsOptions,
  sessions: readonly string[],
  what: string,
): Promise<void> {
  await eventually(context, async () =>
    equal(
      (await heads(context, options)).map(({ session }) => session),
      sessions,
      what,
    ),
  );
}

/** Writes one event to each of the sessions, one after the other, at times that differ. */
async function writeApart(context: CaseContext, ...sessions: readonly string[]): Promise<void> {
  for (const session of sessions) {
    await context.store.log.append(addressOf(context, session), [says(session)]);
    await context.advance(20);
  }
}

/** The orders and directions of `list`. */
export const listOrderCases: readonly ConformanceCase[] = [
  {
    id: "log/list-by-last-write",
    area: "log",
    contract:
      "`order: updated` lists by the time of the last write, in both directions and whatever the page size; an append or a touch moves a session to the newest end.",
    async run(context) {
      const { log } = context.store;
      await writeApart(context, "c", "a", "d", "b");
      const byUpdate = { order: "updated" } as const;
      await expectList(context, byUpdate, ["c", "a", "d", "b"], "oldest write first");
      for (const limit of [1, 3, 100])
        await expectList(
          context,
          { ...byUpdate, direction: "backward", limit },
          ["b", "d", "a", "c"],
          `newest write first, pages of ${limit}`,
        );
      await writeApart(context, "c");
      await log.touch(addressOf(context, "a"), { metadata: { topic: "x" } });
      await context.advance(20);
      await expectList(context, { ...byUpdate, direction: "backward" }, ["a", "c", "b", "d"], "after writes");
      await log.erase(addressOf(context, "d"), { seqs: [range(1)] });
      await log.trim(addressOf(context, "b"), { beforeSeq: 2 });
      await log.read(addressOf(context, "d"));
      await expectList(context, byUpdate, ["d", "b", "c", "a"], "an erasure and a trim move nothing");
      const times = (await heads(context, byUpdate)).map(({ updatedAt }) => updatedAt);
      equal(
        times,
        times.toSorted((left, right) => left - right),
        "the times of the last writes",
      );
      await log.delete(addressOf(context, "c"));
      await expectList(context, { ...byUpdate, limit: 2 }, ["d", "b", "a"], "after a delete");
    },
  },
  {
    id: "log/list-by-last-write-breaks-ties-by-id",
    area: "log",
    needs: ["rewind"],
    contract:
      "Sessions that were last written in one millisecond are listed in the order of their ids as UTF-8 bytes, and backward in the reverse, over pages of any size.",
    async run(context) {
      if (context.rewind === undefined) return;
      await context.rewind(0);
      const ids = ["b", "a", "😀", "\uff5e", "B", "a/"];
      for (const id of ids) await context.store.log.append(addressOf(context, id), [says(id)]);
      const ordered = ids.toSorted(compareUtf8);
      for (const limit of [1, 2, 100]) {
        await expectList(context, { order: "updated", limit }, ordered, `pages of ${limit}`);
        const backward = { order: "updated", direction: "backward", limit } as const;
        await expectList(context, backward, ordered.toReversed(), `backward pages of ${limit}`);
      }
    },
  },
  {
    id: "log/list-backward-by-id",
    area: "log",
    contract:
      "`direction: backward` lists by id in the reverse order, with every filter and whatever the page size.",
    async run(context) {
      const subjects = { a: "u1", b: "u2", ba: "u1", bb: "u1", c: "u2" } as const;
      for (const [session, subject] of Object.entries(subjects))
        await context.store.log.append(addressOf(context, session), [says("x")], { init: { subject } });
      const backward = { direction: "backward" } as const;
      for (const limit of [1, 2, 100]) {
        await expectList(context, { ...backward, limit }, ["c", "bb", "ba", "b", "a"], `pages of ${limit}`);
        await expectList(context, { ...backward, limit, prefix: "b" }, ["bb", "ba", "b"], "with a prefix");
        await expectList(context, { ...backward, limit, subject: "u1" }, ["bb", "ba", "a"], "of a subject");
        await expectList(
          context,
          { ...backward, order: "id", limit, subject: "u1", prefix: "b" },
          ["bb", "ba"],
          "of a subject with a prefix",
        );
      }
    },
  },
  {
    id: "log/list-by-last-write-filters",
    area: "log",
    contract:
      "Subject, prefix and `idleSince` select in the order of the last write as in the order of ids, in both directions.",
    async run(context) {
      const { log } = context.store;
      const written = [
        ["b-1", "u1"],
        ["a-1", "u2"],
        ["a-2", "u1"],
        ["b-2", "u1"],
      ] as const;
      for (const [session, subject] of written) {
        await log.append(addressOf(context, session), [says("x")], { init: { subject } });
        await context.advance(20);
      }
      const third = present(await log.head(addressOf(context, "a-2")), "the head");
      const byUpdate = { order: "updated" } as const;
      for (const limit of [1, 100]) {
        await expectList(
          context,
          { ...byUpdate, limit, subject: "u1" },
          ["b-1", "a-2", "b-2"],
          "of a subject",
        );
        const newest = { ...byUpdate, limit, direction: "backward" } as const;
        await expectList(context, { ...newest, subject: "u1" }, ["b-2", "a-2", "b-1"], "newest of a subject");
        await expectList(context, { ...newest, prefix: "a-" }, ["a-2", "a-1"], "newest with a prefix");
        const idleSince = third.updatedAt;
        await expectList(context, { ...newest, idleSince }, ["a-2", "a-1", "b-1"], "newest that are idle");
        await expectList(
          context,
          { ...byUpdate, limit, idleSince, subject: "u1" },
          ["b-1", "a-2"],
          "idle ones of a subject",
        );
      }
      await log.touch(addressOf(context, "b-1"), { subject: "u2" });
      await expectList(context, { ...byUpdate, subject: "u2" }, ["a-1", "b-1"], "after a new subject");
      await expectList(context, { ...byUpdate, subject: "u1" }, ["a-2", "b-2"], "of the old subject");
    },
  },
  {
    id: "log/list-by-last-write-while-others-write",
    area: "log",
    contract:
      "Forward pages by the last write return every session that was there all along at least once, also those that are written meanwhile; backward pages return those that nobody writes exactly once.",
    async run(context) {
      const quiet = Array.from({ length: 9 }, (_, index) => `quiet-${index}`);
      const busy = Array.from({ length: 3 }, (_, index) => `busy-${index}`);
      /** All pages, while a session is written after each that was returned. */
      const pages = async (
        direction: "forward" | "backward",
        writeAfter: (session: string, turn: number) => string | undefined,
      ): Promise<readonly string[]> => {
        const seen: string[] = [];
        for await (const { session } of allPages((cursor) =>
          context.store.log.list(context.tenant, { order: "updated", direction, limit: 2, ...cursor }),
        )) {
          seen.push(session);
          check(seen.length < 100, "paging does not end");
          const next = writeAfter(session, seen.length);
          if (next !== undefined) await writeApart(context, next);
        }
        return seen;
      };
      const quietOnes = (seen: readonly string[]): readonly string[] =>
        seen.filter((session) => quiet.includes(session)).toSorted();
      await writeApart(context, ...quiet.slice(0, 5), ...busy, ...quiet.slice(5));
      await eventually(context, async () => equal((await heads(context, {})).length, 12, "sessions"));
      const backward = await pages("backward", (_, turn) => busy[turn - 1]);
      equal(quietOnes(backward), quiet, "sessions that nobody writes, newest first");
      await writeApart(context, ...quiet.slice(5));
      const written = new Set<string>();
      const forward = await pages("forward", (session) => {
        if (quiet.includes(session) || written.has(session)) return undefined;
        written.add(session);
        return session;
      });
      equal(quietOnes(forward), quiet, "sessions that nobody writes, oldest first");
      for (const session of busy)
        check(forward.includes(session), `${session}, written meanwhile, was missed`);
    },
  },
  {
    id: "log/list-cursors-keep-their-order",
    area: "log",
    contract: "A cursor of one order of `list` is refused in the other; forged ones are refused in both.",
    async run(context) {
      const { log } = context.store;
      await writeApart(context, "a", "b", "c");
      const cursorOf = async (options: ListSessionsOptions): Promise<string> => {
        let cursor: string | undefined;
        await eventually(context, async () => {
          ({ cursor } = await log.list(context.tenant, { ...options, limit: 1 }));
          check(cursor !== undefined, "a page of one of three has no cursor");
        });
        return present(cursor, "the cursor");
      };
      const refused: readonly ListSessionsOptions[] = [
        { order: "updated", cursor: await cursorOf({}) },
        { order: "id", cursor: await cursorOf({ order: "updated" }) },
        { order: "updated", cursor: encodeCursor("sessions-updated", ["1", "a"]) },
        { order: "updated", cursor: encodeCursor("sessions-updated", [1.5, "a"]) },
        { order: "updated", cursor: encodeCursor("sessions-updated", [1, ""]) },
        { order: "updated", cursor: encodeCursor("sessions-updated", [1]) },
        { order: "created" as never },
        { direction: "down" as never },
      ];
      for (const options of refused)
        await refuses(() => log.list(context.tenant, options), "invalid-input", JSON.stringify(options));
    },
  },
];
