import {
  createUuidGenerator,
  type DocumentStore,
  type SessionAddress,
  type SessionGuard,
} from "@relevo/core";
import { transferLogs } from "../../capabilities.ts";
import { check, equal, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, says } from "../../samples.ts";
import {
  caseOf,
  changesNothing,
  conflicts,
  ofSession,
  refusedWithAny,
  shortTtlMs,
  standAlone,
} from "./support.ts";

type Write = readonly [name: string, call: () => Promise<unknown>];

/** Every method that writes documents, at the keys `a` and `b` of a session, under these conditions. */
function writes(documents: DocumentStore, session: SessionAddress, guard: SessionGuard): readonly Write[] {
  const a = ofSession(session, "a");
  const b = ofSession(session, "b", ["other"]);
  return [
    ["put", () => documents.put(a, { value: "changed" }, guard)],
    [
      "putMany",
      () =>
        documents.putMany(
          [
            { address: a, value: "changed" },
            { address: b, value: 1 },
          ],
          guard,
        ),
    ],
    ["touch", () => documents.touch(a, { ttlMs: 60_000, ...guard })],
    ["deleteMany", () => documents.deleteMany([{ address: a }, { address: b }], guard)],
    ["delete", () => documents.delete(a, guard)],
  ];
}

async function fill(context: CaseContext, session: SessionAddress): Promise<string> {
  const { incarnation } = await context.store.log.append(session, [says("hello")]);
  await context.store.documents.put(ofSession(session, "a"), { value: "kept" }, { incarnation });
  return incarnation;
}

/** What a session's incarnation, fence and seal keep from its documents. */
export const sessionGuardCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "gone-incarnation-is-history-lost",
    "A write that names an incarnation which is gone is history-lost, whether the session was deleted, made anew or never there.",
    async (context) => {
      const deleted = addressOf(context, "deleted");
      const anew = addressOf(context, "anew");
      const expired = addressOf(context, "expired");
      const gone: (readonly [SessionAddress, string])[] = [
        [deleted, await fill(context, deleted)],
        [anew, await fill(context, anew)],
        [expired, await fill(context, expired)],
        [addressOf(context, "never"), createUuidGenerator().next()],
      ];
      await context.other.log.delete(deleted);
      await context.other.log.delete(anew);
      await context.other.log.touch(expired, { ttlMs: shortTtlMs });
      await fill(context, anew);
      await context.advance(shortTtlMs + 100);
      await changesNothing(context, "A write for a gone incarnation", async () => {
        for (const [session, incarnation] of gone) {
          for (const [method, call] of writes(context.store.documents, session, { incarnation })) {
            await refuses(
              call,
              "history-lost",
              `${method} for the incarnation of the session ${session.session}`,
            );
          }
        }
      });
    },
  ),
  caseOf(
    "documents",
    "named-incarnation-writes",
    "Writes that name the incarnation that lives are carried out.",
    async (context) => {
      const session = addressOf(context);
      const incarnation = await fill(context, session);
      const calls = writes(context.other.documents, session, { incarnation });
      const results: unknown[] = [];
      for (const [, call] of calls) results.push(await call());
      equal(results.slice(3), [2, false], "documents removed by deleteMany, then by delete");
      equal(await context.store.documents.get(ofSession(session, "a")), undefined, "the document at the end");
    },
  ),
  caseOf(
    "documents",
    "fence-is-obeyed",
    "A write under any fence but the newest granted is a conflict that names the newest and changes nothing.",
    async (context) => {
      const session = addressOf(context);
      await fill(context, session);
      const { leases } = context.store;
      await changesNothing(context, "A write under a fence that was never granted", async () => {
        for (const [method, call] of writes(context.store.documents, session, { fence: 7 })) {
          await refusedWithAny(
            ["conflict", "unsupported"],
            `${method} under a fence that was never granted`,
            call,
          );
        }
      });
      if (leases === undefined) return;
      const first = await leases.acquire(session, { ttlMs: 60_000 });
      await first.release();
      const second = await leases.acquire(session, { ttlMs: 60_000 });
      await changesNothing(context, "A write under a stale fence", async () => {
        for (const fence of [first.fence, second.fence + 1]) {
          for (const [method, call] of writes(context.other.documents, session, { fence })) {
            const what = `${method} under the fence ${fence}`;
            await conflicts("fence", what, call, { fence: second.fence });
          }
        }
      });
      for (const [, call] of writes(context.other.documents, session, { fence: second.fence })) await call();
      const left = await context.store.documents.get(ofSession(session, "a"));
      equal(left, undefined, "the document after all writes under the newest fence");
    },
  ),
  caseOf(
    "documents",
    "seal-is-obeyed",
    "A sealed session refuses every write of its documents and still lets them be read; unsealed, it takes them again.",
    async (context) => {
      const session = addressOf(context);
      const incarnation = await fill(context, session);
      const logs = transferLogs(context);
      if (logs === undefined) return;
      await logs[0].seal(session);
      await changesNothing(context, "A write into a sealed session", async () => {
        for (const guard of [{}, { incarnation }]) {
          for (const [method, call] of writes(context.other.documents, session, guard)) {
            await conflicts("sealed", `${method} into a sealed session`, call);
          }
        }
      });
      equal((await context.other.documents.get(ofSession(session, "a")))?.value, "kept", "read while sealed");
      await logs[1].unseal(session);
      for (const [, call] of writes(context.store.documents, session, { incarnation })) await call();
    },
    ["transfer"],
  ),
  caseOf(
    "documents",
    "documents-leave-the-log-alone",
    "Writing documents moves neither version nor revision nor idle time of their session.",
    async (context) => {
      const session = addressOf(context);
      await context.store.log.append(session, [says("hello")], { ttlMs: 3_600_000 });
      await fill(context, session);
      const before = present(await context.store.log.head(session), "head before");
      await context.advance(50);
      for (const [method, call] of writes(context.other.documents, session, {})) {
        await call();
        equal(await context.store.log.head(session), before, `head after ${method}`);
      }
      const appended = await context.store.log.append(session, [says("next")], {
        expectedVersion: before.version,
      });
      equal(appended.firstSeq, before.version + 1, "seq of the next event");
    },
  ),
  caseOf(
    "documents",
    "failed-writes-create-no-session",
    "Only a put that succeeds creates a session: reads, deletes, touches and refused puts leave none behind.",
    async (context) => {
      const session = addressOf(context, "none");
      const { documents } = context.store;
      const document = ofSession(session, "a");
      await changesNothing(context, "A call in a session that does not exist", async () => {
        equal(await documents.get(document), undefined, "get");
        equal(await documents.delete(document), false, "delete");
        equal(await documents.deleteMany([{ address: document }]), 0, "deleteMany");
        equal(await documents.touch(document, { ttlMs: null }), undefined, "touch");
        equal((await documents.find(session)).items, [], "find");
        equal((await documents.namespaces(session)).items, [], "namespaces");
        await conflicts("version", "A put that expects a version where there is no session", () =>
          documents.put(document, { value: 1 }, { expectedVersion: 3 }),
        );
        await conflicts("version", "A putMany with a stale write where there is no session", () =>
          documents.putMany([
            { address: document, value: 1 },
            { address: ofSession(session, "b"), value: 1, expectedVersion: 3 },
          ]),
        );
      });
      equal(await context.other.log.head(session), undefined, "the head of the session");
    },
  ),
  caseOf(
    "documents",
    "stand-alone-takes-no-guard",
    "Documents that stand alone refuse an incarnation and a fence as invalid input.",
    async (context) => {
      const address = standAlone(context, "a");
      const { documents } = context.store;
      await documents.put(address, { value: "kept" });
      const guards: readonly SessionGuard[] = [{ incarnation: createUuidGenerator().next() }, { fence: 1 }];
      await changesNothing(context, "A guarded write of a document that stands alone", async () => {
        for (const guard of guards) {
          const name = Object.keys(guard).join();
          const calls: readonly Write[] = [
            ["put", () => documents.put(address, { value: 1 }, guard)],
            ["putMany", () => documents.putMany([{ address, value: 1 }], guard)],
            ["delete", () => documents.delete(address, guard)],
            ["deleteMany", () => documents.deleteMany([{ address }], guard)],
            ["touch", () => documents.touch(address, { ttlMs: null, ...guard })],
          ];
          for (const [method, call] of calls) await refuses(call, "invalid-input", `${method} with ${name}`);
        }
      });
      check((await documents.get(address)) !== undefined, "the document is still there");
    },
  ),
];
