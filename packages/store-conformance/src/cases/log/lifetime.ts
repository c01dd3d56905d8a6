import { transferLogs } from "../../capabilities.ts";
import { check, equal, eventually, inTime, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  letExpire,
  messages,
  nothingRead,
  operationOf,
  range,
  says,
  seqsOf,
  stateOf,
  textsOf,
} from "../../samples.ts";
import { copySession } from "../transfer/copy-session.ts";

export const lifetimeCases: readonly ConformanceCase[] = [
  {
    id: "log/expired-session-is-gone",
    area: "log",
    contract:
      "A session whose idle lifetime passed by the store's clock is gone from read, head, operation, list and scan, and nothing of it is left.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(3, "old"), {
        ttlMs: 60_000,
        operation: operationOf("send-1"),
        init: { subject: "user-7" },
      });
      await log.append(addressOf(context, "neighbour"), [says("stays")]);
      await letExpire(context, address);
      for (const one of [log, context.other.log]) {
        equal(await one.head(address), undefined, "its head");
        equal(await one.read(address), nothingRead, "its read");
        equal(await one.operation(address, "send-1"), undefined, "its operation");
        equal(await one.touch(address, { ttlMs: null }), undefined, "a touch of it");
        const { items } = await one.list(context.tenant);
        equal(
          items.map(({ session }) => session),
          ["neighbour"],
          "the list",
        );
      }
      for (const one of [context.store.log, context.other.log]) {
        await eventually(context, async () => {
          const { items } = await one.scan(context.tenant);
          equal(
            items.map(({ session }) => session),
            ["neighbour"],
            "the sessions of a scan",
          );
        });
      }
      await log.append(address, [says("new")]);
      equal(await textsOf(log, address, { retracted: "include" }), ["new"], "texts of a new start");
      check(!("subject" in present(await log.head(address), "the head")), "the old subject is still there");
    },
  },
  {
    id: "log/idle-time-is-refreshed-by-writes-only",
    area: "log",
    contract: "An append and a touch refresh the idle lifetime, a read does not.",
    run: (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { log } = context.store;
        const address = addressOf(context);
        await log.append(address, [says("one")], { ttlMs });
        // Most of the lifetime, so that it has passed twice over without a refresh.
        const mostMs = ttlMs * 0.6;
        await context.advance(mostMs);
        await context.other.log.append(address, [says("two")]);
        await context.advance(mostMs);
        check((await log.touch(address)) !== undefined, "an append did not refresh the idle lifetime");
        await context.advance(mostMs);
        equal(await seqsOf(log, address), [1, 2], "seqs after a touch that refreshed");
        await log.head(address);
        await log.operation(address, "none");
        await log.list(context.tenant);
        await context.advance(ttlMs - mostMs + 100);
        equal(await log.head(address), undefined, "the head after reads only");
      }),
  },
  {
    id: "log/lifetime-can-change",
    area: "log",
    contract:
      "`ttlMs` counts from the write that gives it; left out, the lifetime stays as it is; `null` is for ever.",
    run: (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { log } = context.store;
        const address = addressOf(context);
        const lifetime = async (): Promise<number | undefined> => {
          const head = present(await log.head(address), "the head");
          return head.expiresAt === undefined ? undefined : head.expiresAt - head.updatedAt;
        };
        const isNear = async (expected: number, what: string): Promise<void> => {
          const actual = present(await lifetime(), `expiresAt after ${what}`);
          check(
            Math.abs(actual - expected) < ttlMs / 2,
            `lifetime after ${what}: ${actual} ms instead of ${expected}`,
          );
        };
        await log.append(address, [says("one")]);
        equal(await lifetime(), undefined, "the lifetime of a session that was given none");
        await log.append(address, [says("two")], { ttlMs: 60_000 });
        await isNear(60_000, "an append with ttlMs");
        await log.append(address, [says("three")]);
        await isNear(60_000, "an append without ttlMs");
        await log.touch(address, { ttlMs: 600_000 });
        await isNear(600_000, "a touch with ttlMs");
        await log.append(address, [says("four")], { ttlMs: null });
        equal(await lifetime(), undefined, "the lifetime after an append with null");
        await log.touch(address, { ttlMs });
        await log.touch(address, { ttlMs: null });
        await context.advance(ttlMs + 100);
        equal(await seqsOf(log, address), [1, 2, 3, 4], "seqs of a session that lives for ever");
      }),
  },
  {
    id: "log/delete-ends-a-session",
    area: "log",
    contract:
      "A delete removes events, operations and figures, tells whether there was a session, and leaves the others alone.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      equal(await log.delete(address), false, "a delete of a missing session");
      await log.append(address, messages(3), {
        operation: operationOf("send-1"),
        init: { subject: "user-7" },
      });
      await log.append(addressOf(context, "neighbour"), [says("stays")]);
      equal(await context.other.log.delete(address), true, "a delete");
      equal(await log.head(address), undefined, "the head");
      equal(await log.read(address), nothingRead, "the read");
      equal(await log.operation(address, "send-1"), undefined, "the operation");
      equal(await log.delete(address), false, "a second delete");
      equal(await textsOf(log, addressOf(context, "neighbour")), ["stays"], "the neighbour");
    },
  },
  {
    id: "log/guarded-delete",
    area: "log",
    contract:
      "A delete with a stale expected version is a conflict, one of another incarnation is false; neither changes anything.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(2));
      const before = await stateOf(log, address);
      await refuses(log.delete(address, { expectedVersion: 1 }), "conflict", "a stale delete", {
        conflict: "version",
        version: 2,
      });
      const another = "018bcfe5-6800-7000-8000-000000000000";
      equal(await log.delete(address, { incarnation: another }), false, "a delete of another incarnation");
      equal(await stateOf(log, address), before, "the session after deletes that were let down");
      equal(await log.delete(address, { incarnation, expectedVersion: 2 }), true, "a guarded delete");
      equal(await log.head(address), undefined, "the head after it");
    },
  },
  {
    id: "log/delete-with-a-token",
    area: "log",
    contract:
      "A delete with another token than the session's is a conflict and changes nothing, whatever gave the session a new one: an append, an erasure, a lifetime, the next incarnation. With the session's own it ends the session.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const first = await log.append(address, messages(2));
      const seen = [first.token];
      const expectKept = async (what: string): Promise<void> => {
        const before = await stateOf(log, address);
        for (const expectedToken of seen)
          await refuses(
            context.other.log.delete(address, { expectedToken }),
            "conflict",
            `a delete with a token from before ${what}`,
            { conflict: "token" },
          );
        equal(
          await stateOf(log, address),
          before,
          `the session after deletes with tokens from before ${what}`,
        );
        seen.push(present(await log.head(address), `the head after ${what}`).token);
      };
      await log.append(address, [says("three")]);
      await expectKept("an append");
      await log.erase(address, { seqs: [range(1)] });
      await expectKept("an erasure");
      await log.touch(address, { ttlMs: 600_000 });
      await expectKept("a new lifetime");
      const { incarnation } = present(await log.head(address), "the head");
      const token = present(seen.at(-1), "the newest token");
      await context.store.documents.put({ ...address, namespace: ["notes"], key: "k" }, { value: 1 });
      equal(
        await context.other.log.delete(address, { incarnation, expectedVersion: 3, expectedToken: token }),
        true,
        "a delete with the session's token",
      );
      equal(await log.head(address), undefined, "the head after it");
      equal(await log.delete(address, { expectedToken: token }), false, "a delete of nothing");
      await log.append(address, messages(3));
      await expectKept("the next incarnation");
    },
  },
  {
    id: "log/delete-with-a-token-spares-a-copy",
    area: "log",
    needs: ["transfer"],
    contract:
      "A delete with the token of a session that was copied away, deleted, copied back and unsealed is a conflict, although incarnation and version are the same.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const address = addressOf(context);
      const archive = { ...address, tenant: `${context.tenant}-archive` };
      const { incarnation, version } = await log.append(address, messages(3));
      const { token } = await log.seal(address);
      await copySession(log, address, other, archive);
      await log.delete(address, { expectedToken: token });
      await copySession(other, archive, log, address);
      await log.unseal(address);
      const before = await stateOf(log, address);
      for (const late of [log, other])
        await refuses(
          late.delete(address, { incarnation, expectedVersion: version, expectedToken: token }),
          "conflict",
          "a late delete of the source",
          { conflict: "token" },
        );
      equal(await stateOf(log, address), before, "the copy after late deletes");
    },
  },
];
