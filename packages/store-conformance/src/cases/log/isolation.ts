import { check, equal, eventually } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, messages, operationOf, range, says, stateOf, textsOf } from "../../samples.ts";

/** Suffixes that make one id a prefix, a pattern, a path or a joined form of another. */
const hostile = [
  "1",
  "10",
  ":",
  ":a",
  "::",
  "/a",
  "/../a",
  "%",
  "_",
  "*",
  "?",
  "[a]",
  "{a}",
  "\\",
  ".",
  "'",
  '"; --',
  "$1",
  " ",
  "\n",
  "\u0001",
  "ä",
  "a\u0308",
  "Ａ",
  "😀",
  "__proto__",
  "constructor",
];

export const isolationCases: readonly ConformanceCase[] = [
  {
    id: "log/tenants-are-isolated",
    area: "log",
    contract:
      "No read, list, scan, erase, trim or delete of one tenant reaches another, however alike their ids are.",
    async run(context) {
      const { log } = context.store;
      const tenants = hostile.map((suffix) => `${context.tenant}${suffix}`);
      for (const tenant of tenants) {
        const operation = operationOf("send-1");
        await log.append({ tenant, session: "s" }, [says(tenant)], { operation, init: { subject: "u" } });
      }
      const readBack = async (): Promise<void> => {
        for (const tenant of tenants) {
          equal(await textsOf(context.other.log, { tenant, session: "s" }), [tenant], `the log of ${tenant}`);
          const { items } = await context.other.log.list(tenant, { prefix: "s", subject: "u" });
          equal(items.length, 1, `sessions of ${tenant}`);
        }
      };
      await eventually(context, readBack);
      for (const one of [context.store.log]) {
        for (const tenant of tenants) {
          await eventually(context, async () => {
            const { items } = await one.scan(tenant);
            equal(
              items.map(({ event }) => event.body),
              [{ role: "user", content: tenant }],
              `the scan of ${tenant}`,
            );
          });
        }
      }
      const bare = { tenant: context.tenant, session: "s" };
      equal(await log.head(bare), undefined, "the session of a tenant whose id begins all others");
      equal(await log.delete(bare), false, "its delete");
      equal((await log.trim(bare, { beforeSeq: 9 })).removed, 0, "its trim");
      equal((await log.list(context.tenant)).items, [], "its list");
      equal(await log.operation(bare, "send-1"), undefined, "its operation");
      await readBack();
    },
  },
  {
    id: "log/sessions-are-isolated",
    area: "log",
    contract:
      "Sessions with hostile ids are told apart exactly: joined, escaped, folded, normalised or wildcarded forms never meet.",
    async run(context) {
      const { log } = context.store;
      const sessions = hostile.flatMap((suffix) => [`s${suffix}`, `${suffix}s`, suffix]);
      for (const session of sessions) await log.append(addressOf(context, session), [says(session)]);
      for (const session of sessions) {
        equal(
          await textsOf(context.other.log, addressOf(context, session)),
          [session],
          `the log of ${session}`,
        );
      }
      await eventually(context, async () => {
        const page = await log.list(context.tenant, { limit: 1000 });
        equal(page.items.length, sessions.length, "sessions in the list");
      });
      for (const session of ["s", "S1", "sa", "a", "s1 ", "toString"]) {
        equal(
          await log.head(addressOf(context, session)),
          undefined,
          `the head of ${JSON.stringify(session)}`,
        );
      }
      const victims = await Promise.all(
        sessions.slice(3).map((session) => stateOf(log, addressOf(context, session))),
      );
      for (const session of sessions.slice(0, 3)) await log.delete(addressOf(context, session));
      const after = await Promise.all(
        sessions.slice(3).map((session) => stateOf(log, addressOf(context, session))),
      );
      equal(after, victims, "the other sessions after three deletes");
      check(({} as { polluted?: unknown }).polluted === undefined, "a prototype was changed");
    },
  },
  {
    id: "log/pairs-are-not-joined",
    area: "log",
    contract: "Tenant and session are two parts of an address: `a:b` and `c` is not `a` and `b:c`.",
    async run(context) {
      const { log } = context.store;
      const { tenant } = context;
      for (const mark of [":", "/", "|", "\u0001", " ", "}", ",", ".", "-"]) {
        const left = { tenant: `${tenant}${mark}b`, session: "c" };
        const right = { tenant, session: `b${mark}c` };
        await log.append(left, messages(2, "left"));
        equal(await log.head(right), undefined, `the head of (a, b${mark}c)`);
        await log.append(right, messages(1, "right"));
        equal(await textsOf(log, left), ["left 1", "left 2"], `the log of (a${mark}b, c)`);
        await log.erase(right, { seqs: [range(1)] });
        await log.delete(right);
        equal(
          await textsOf(context.other.log, left),
          ["left 1", "left 2"],
          `(a${mark}b, c) after the delete of the other`,
        );
      }
    },
  },
];
