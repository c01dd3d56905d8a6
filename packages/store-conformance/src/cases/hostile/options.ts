import { isDocumentTransfer, isEventTransfer, type Store } from "@relevo/core";
import { check, equal, eventually, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, says } from "../../samples.ts";
import { caseOf, changesNothing, ofSession, standAlone } from "../documents/support.ts";
import { everyCall, type NamedCall } from "../lifecycle/every-call.ts";

/** Every call that takes options, with these added, those of a lease included. */
async function callsWith(context: CaseContext, options: object): Promise<readonly NamedCall[]> {
  const { store } = context;
  const address = addressOf(context, "s");
  const { log } = store;
  const head = present(await log.head(address), "the head of the session");
  const lease = await store.leases?.acquire(address, { ttlMs: 600_000 });
  return [
    ...everyCall(store, address, options),
    ...(isEventTransfer(log)
      ? [
          [
            "log.importEvents",
            () =>
              log.importEvents(
                { ...address, session: "copy" },
                { head, events: [], operations: [], removed: [] },
                options,
              ),
          ] as const,
        ]
      : []),
    ...(lease === undefined
      ? []
      : ([
          ["lease.renew", () => lease.renew(options)],
          ["lease.release", () => lease.release(options)],
        ] as const)),
  ];
}

async function fill(context: CaseContext): Promise<void> {
  await context.store.log.append(addressOf(context, "s"), [says("kept")]);
  await context.store.documents.put(standAlone(context, "k", ["n"]), { value: "kept", tags: ["t"] });
  await context.store.documents.put(ofSession(addressOf(context, "s"), "k", ["n"]), { value: "kept" });
}

type Attempt = readonly [call: string, field: string, attempt: () => Promise<unknown>];

/** Every option that selects or guards, present and undefined as a variable that was never set leaves it. */
function undefinedSelectors({ store, tenant }: CaseContext): readonly Attempt[] {
  const { documents, log, leases } = store;
  const session = { tenant, session: "s" };
  const address = { ...session, namespace: ["n"], key: "k" };
  const scope = { tenant };
  const input = { value: 1 };
  /** One attempt for each field, all else of the options being good. */
  const each = (
    call: string,
    fields: readonly string[],
    attempt: (options: never) => Promise<unknown>,
    good: object = {},
  ): readonly Attempt[] =>
    fields.map((field) => [call, field, () => attempt({ ...good, [field]: undefined } as never)]);
  const guards = ["incarnation", "fence"];
  const ofSession = [...guards, "expectedVersion"];
  return [
    ...each("append", [...guards, "operation", "expectedVersion"], (o) =>
      log.append(session, [says("x")], o),
    ),
    ...each("append init", ["subject"], (o) => log.append(session, [says("x")], { init: o })),
    ...each("read", ["after", "before", "types", "agent", "pinned", "atVersion", "retracted"], (o) =>
      log.read(session, o),
    ),
    ...each("touch of the log", ["incarnation", "subject"], (o) => log.touch(session, o)),
    ...each("trim", ["incarnation", "beforeSeq"], (o) => log.trim(session, o), { beforeSeq: 2 }),
    ...each("trim by time", ["beforeSeq", "olderThan"], (o) => log.trim(session, o), { olderThan: 8e15 }),
    ...each("erase", ["incarnation", "seqs"], (o) => log.erase(session, o), { seqs: [{ from: 1, to: 1 }] }),
    ...each("delete of the log", [...ofSession, "expectedToken"], (o) => log.delete(session, o)),
    ...each("list", ["subject", "idleSince", "prefix"], (o) => log.list(tenant, o)),
    ...each("put", [...guards, "expectedVersion"], (o) => documents.put(address, input, o)),
    ...each("putMany", guards, (o) => documents.putMany([{ address, ...input }], o)),
    ...each("a write of putMany", ["expectedVersion"], (o) =>
      documents.putMany([{ address, ...input, ...(o as object) }]),
    ),
    ...each("delete", [...guards, "expectedVersion"], (o) => documents.delete(address, o)),
    ...each("deleteMany", guards, (o) => documents.deleteMany([{ address }], o)),
    ...each("an entry of deleteMany", ["expectedVersion"], (o) =>
      documents.deleteMany([{ address, ...(o as object) }]),
    ),
    ...each("touch", [...guards, "ttlMs"], (o) => documents.touch(address, o), { ttlMs: null }),
    ...each(
      "find",
      ["namespace", "namespacePrefix", "tags", "where", "text", "updatedSince", "keyAfter", "keyBefore"],
      (o) => documents.find(scope, o),
    ),
    ...each("tags of find", ["any", "all"], (o) => documents.find(scope, { tags: o })),
    ...each("a filter of find", ["$lt"], (o) =>
      documents.find(scope, { where: { path: ["value"], $gt: 0, ...(o as object) } }),
    ),
    ...each("the scope of find", ["session"], (o) => documents.find({ tenant, ...(o as object) })),
    ...each("the address of put", ["session"], (o) =>
      documents.put({ tenant, namespace: ["n"], key: "k", ...(o as object) }, input),
    ),
    ...each("count", ["namespace"], (o) => documents.count(scope, o)),
    ...each("count by prefix", ["namespacePrefix"], (o) => documents.count(scope, o), {
      namespacePrefix: ["n"],
    }),
    ...each("namespaces", ["prefix", "suffix"], (o) => documents.namespaces(scope, o)),
    ...(leases === undefined ? [] : each("acquire", ["ttlMs"], (o) => leases.acquire(session, o))),
    ...each("scan", ["types", "agent", "since", "until"], (o) => log.scan(tenant, o)),
    ...(isDocumentTransfer(documents)
      ? [
          ...each("the scope of exportDocuments", ["session"], (o) =>
            documents.exportDocuments({ tenant, ...(o as object) }),
          ),
          ...each("importDocuments", ["incarnation"], (o) =>
            documents.importDocuments(scope, { version: 1, documents: [], ...(o as object) }),
          ),
          ...each("the options of importDocuments", ["fence"], (o) =>
            documents.importDocuments(scope, { version: 1, documents: [] }, o),
          ),
          ...each("eraseDerived", ["incarnation"], (o) => documents.eraseDerived(session, o as never)),
        ]
      : []),
    ...(isEventTransfer(log)
      ? [
          ...each("seal", ofSession, (o) => log.seal(session, o)),
          ...each("unseal", ofSession, (o) => log.unseal(session, o)),
          ...each("exportEvents", ["after"], (o) => log.exportEvents(session, o)),
        ]
      : []),
  ];
}

/** Calls whose refining options are all there and undefined. */
async function refiningCalls(store: Store, context: CaseContext): Promise<void> {
  const { documents, log } = store;
  const { tenant } = context;
  const session = addressOf(context, "s");
  const [signal, limit, cursor, ttlMs, metadata, direction] = new Array<undefined>(6).fill(undefined);
  const page = { signal, limit, cursor };
  const [event] = (await log.read(session, { signal, limit, direction })).events;
  equal(event?.seq, 1, "the seq that a read with undefined options returns");
  await log.append(session, [says("x")], { signal, ttlMs, init: undefined });
  await log.append(addressOf(context, "s2"), [says("x")], { init: { metadata } });
  equal((await log.touch(session, { signal, ttlMs, metadata }))?.version, 2, "the version after a touch");
  await eventually(context, async () =>
    equal((await log.list(tenant, page)).items.length, 2, "how many sessions are listed"),
  );
  const address = ofSession(session, "k", ["n"]);
  const input = { value: 1, tags: undefined, metadata, ttlMs };
  const stored = await documents.put(address, input, { signal, init: undefined });
  equal([stored.tags, stored.metadata], [[], {}], "tags and metadata that were undefined");
  await documents.putMany([{ address, ...input }], { signal });
  equal((await documents.find(session, { ...page, direction })).items.length, 1, "how many are found");
  const { items } = await documents.namespaces(session, { ...page, maxDepth: undefined });
  equal(items, [["n"]], "the namespaces");
  const lease = await store.leases?.acquire(session, {
    ttlMs: 600_000,
    waitMs: undefined,
    takeOver: undefined,
    signal,
  });
  await (await lease?.renew({ ttlMs, signal }))?.release({ signal });
  await store.maintenance?.tenants(page);
  await store.maintenance?.expire({ signal, limit });
}

/** What calls do with options that they do not know, or that are there and undefined. */
export const optionCases: readonly ConformanceCase[] = [
  caseOf(
    "hostile",
    "unknown-options",
    "Every call refuses an option that it does not know, names it, and says which known one is nearest.",
    async (context) => {
      await fill(context);
      await changesNothing(context, "A call with an unknown option", async () => {
        for (const [name, call] of await callsWith(context, { signla: undefined })) {
          const { details } = await refuses(call, "invalid-input", `${name} with an unknown option`);
          check(String(details.field).endsWith("signla"), `${name} must name the option signla`);
          equal(details.nearest, "signal", `the name that ${name} suggests for signla`);
        }
      });
    },
  ),
  caseOf(
    "hostile",
    "signals-that-are-none",
    "What is no AbortSignal is refused as a signal by every call, also when it looks like one or throws when it is read.",
    async (context) => {
      await fill(context);
      const { signal } = new AbortController();
      const boom = (): never => {
        throw new Error("The signal was read.");
      };
      const lies: readonly (readonly [what: string, lie: unknown])[] = [
        ["an object that is not aborted", { aborted: false }],
        ["a controller", new AbortController()],
        ["a signal that cannot be read", new Proxy(signal, { get: boom })],
        ["null", null],
      ];
      const options: { signal?: unknown } = {};
      const calls = await callsWith(context, options);
      await changesNothing(context, "A call with a signal that is none", async () => {
        for (const [what, lie] of lies) {
          options.signal = lie;
          for (const [name, call] of calls)
            await refuses(call, "invalid-input", `${name} with ${what} as its signal`);
        }
      });
    },
  ),
  caseOf(
    "hostile",
    "undefined-selectors",
    "An option that selects or guards is refused when it is present and undefined: a variable that was never set widens no call and switches no guard off.",
    async (context) => {
      await fill(context);
      await changesNothing(context, "An undefined selector", async () => {
        for (const [call, field, attempt] of undefinedSelectors(context)) {
          const { details } = await refuses(attempt, "invalid-input", `${call} with ${field}: undefined`);
          check(String(details.field).endsWith(field), `${call} must name ${field}, not ${details.field}`);
        }
      });
    },
  ),
  caseOf(
    "hostile",
    "undefined-refinements",
    "An option that only refines a call may be present and undefined, and is then as if it had been left out.",
    async (context) => {
      await fill(context);
      await refiningCalls(context.store, context);
    },
  ),
];
