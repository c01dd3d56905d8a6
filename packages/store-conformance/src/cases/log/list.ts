import { allPages, type ListSessionsOptions } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { encodeCursor } from "@relevo/core/store";
import { check, equal, eventually, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, says } from "../../samples.ts";

/** Ids whose order differs between UTF-8 bytes, UTF-16 units, and a dictionary. */
const ordered = [
  "A",
  "B",
  "Z",
  "a",
  "a ",
  "a!",
  "a/",
  "aa",
  "ab",
  "b",
  "z",
  "ä",
  "Ω",
  "漢",
  "\uff5e",
  "😀",
  "😀a",
];

async function listed(
  context: CaseContext,
  options: ListSessionsOptions = {},
  tenant: string = context.tenant,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const head of allPages((cursor) => context.other.log.list(tenant, { ...options, ...cursor }))) {
    ids.push(head.session);
  }
  return ids;
}

export const listCases: readonly ConformanceCase[] = [
  {
    id: "log/list-is-ordered",
    area: "log",
    contract:
      "`list` returns each session once, in the order of its id as UTF-8 bytes, whatever the page size.",
    async run(context) {
      equal(await listed(context), [], "the list of a tenant without sessions");
      equal(ordered.toSorted(compareUtf8), ordered, "the order that is expected");
      const shuffled = ordered.toSorted((a, b) => b.length - a.length || (a < b ? 1 : -1));
      for (const session of shuffled)
        await context.store.log.append(addressOf(context, session), [says(session)]);
      for (const limit of [1, 2, 5, 100]) {
        await eventually(context, async () =>
          equal(await listed(context, { limit }), ordered, `pages of ${limit}`),
        );
      }
      const page = await context.store.log.list(context.tenant, { limit: 3 });
      check(page.items.length <= 3, `${page.items.length} heads under limit 3`);
      check(page.cursor !== undefined, "a page of 3 of 17 sessions has no cursor");
    },
  },
  {
    id: "log/list-filters",
    area: "log",
    contract:
      "`list` selects exactly by subject, by prefix as a string without wildcards, and by the last write.",
    async run(context) {
      const { log } = context.store;
      const subjects = { "a-1": "user-1", "a-2": "user-10", a_3: "user-1", "b%1": "User-1", "b%": "user-2" };
      for (const [session, subject] of Object.entries(subjects)) {
        await log.append(addressOf(context, session), [says("x")], { init: { subject } });
      }
      await log.append(addressOf(context, "c"), [says("no subject")]);
      const expectList = (options: ListSessionsOptions, sessions: readonly string[]): Promise<void> =>
        eventually(context, async () =>
          equal(await listed(context, options), sessions, JSON.stringify(options)),
        );
      await expectList({ subject: "user-1" }, ["a-1", "a_3"]);
      await expectList({ subject: "user-1", limit: 1 }, ["a-1", "a_3"]);
      await expectList({ subject: "user" }, []);
      await expectList({ prefix: "a" }, ["a-1", "a-2", "a_3"]);
      await expectList({ prefix: "a_" }, ["a_3"]);
      await expectList({ prefix: "b%", limit: 1 }, ["b%", "b%1"]);
      await expectList({ prefix: "a-1" }, ["a-1"]);
      await expectList({ prefix: "a-1x" }, []);
      await expectList({ prefix: "a", subject: "user-10" }, ["a-2"]);
      await log.touch(addressOf(context, "a-1"), { subject: "user-2" });
      await expectList({ subject: "user-2" }, ["a-1", "b%"]);
      await expectList({ subject: "user-1" }, ["a_3"]);
      await log.delete(addressOf(context, "a_3"));
      await expectList({ subject: "user-1" }, []);
    },
  },
  {
    id: "log/list-idle-since",
    area: "log",
    contract: "`idleSince` selects the sessions whose last write is at or before that time.",
    async run(context) {
      const { log } = context.store;
      for (const session of ["a", "b", "c"]) await log.append(addressOf(context, session), [says("x")]);
      await context.advance(60);
      await log.append(addressOf(context, "b"), [says("y")]);
      const b = present(await log.head(addressOf(context, "b")), "the head");
      const idle = (idleSince: number, sessions: readonly string[], what: string): Promise<void> =>
        eventually(context, async () => equal(await listed(context, { idleSince }), sessions, what));
      await idle(b.updatedAt, ["a", "b", "c"], "at the last write");
      await idle(b.updatedAt - 1, ["a", "c"], "before the last write");
      await idle(b.updatedAt - 600_000, [], "long before");
    },
  },
  {
    id: "log/list-pages-while-others-write",
    area: "log",
    contract:
      "Paging while others create and delete sessions returns each session that was there all along exactly once.",
    async run(context) {
      const { log } = context.store;
      const lasting = Array.from({ length: 12 }, (_, index) => `m-${String(index).padStart(2, "0")}`);
      for (const session of [...lasting, "a-doomed", "m-00-doomed"]) {
        await log.append(addressOf(context, session), [says("x")]);
      }
      await eventually(context, async () =>
        equal((await listed(context)).length, 14, "sessions before paging"),
      );
      const seen: string[] = [];
      let turn = 0;
      for await (const head of allPages((cursor) => log.list(context.tenant, { limit: 3, ...cursor }))) {
        seen.push(head.session);
        turn++;
        if (turn === 2) await context.other.log.delete(addressOf(context, "a-doomed"));
        if (turn <= 6) await context.other.log.append(addressOf(context, `a-${turn}`), [says("before")]);
        await context.other.log.append(addressOf(context, "m-05"), [says("a write moves nothing")]);
        check(turn < 100, "paging does not end");
      }
      equal(
        seen.filter((session) => lasting.includes(session)),
        lasting,
        "the sessions that were there all along",
      );
      equal(new Set(seen).size, seen.length, "sessions that were seen, each once");
    },
  },
  {
    id: "log/list-cursors-grant-nothing",
    area: "log",
    contract:
      "A cursor that is not one of `list` is refused; one taken in another tenant shows nothing of that tenant.",
    async run(context) {
      const { log } = context.store;
      for (const session of ["a", "b", "c"]) await log.append(addressOf(context, session), [says("x")]);
      const foreign = `${context.tenant}-2`;
      for (const session of ["a1", "b1"]) await log.append({ tenant: foreign, session }, [says("y")]);
      const forged = [
        "x",
        "!!",
        "'; drop table sessions; --",
        encodeCursor("scan", [1, "a", 1]),
        encodeCursor("sessions", [5]),
        encodeCursor("sessions", ["a", "b"]),
        encodeCursor("sessions", [""]),
        "e".repeat(20_000),
      ];
      for (const cursor of forged) {
        await refuses(
          () => log.list(context.tenant, { cursor }),
          "invalid-input",
          `cursor ${cursor.slice(0, 40)}`,
        );
      }
      let cursor = "";
      await eventually(context, async () => {
        const page = await log.list(foreign, { limit: 1 });
        cursor = present(page.cursor, "the cursor of a page of one of two");
        equal(await listed(context, {}), ["a", "b", "c"], "the whole list");
      });
      const { items } = await log.list(context.tenant, { cursor });
      equal(
        items.map(({ session }) => session),
        ["b", "c"],
        "the list after a place named by a foreign cursor",
      );
    },
  },
];
