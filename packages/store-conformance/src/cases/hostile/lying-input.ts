import { type EventInput, isDocumentTransfer, isEventTransfer, type JsonValue } from "@relevo/core";
import { check, equal, present } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, says } from "../../samples.ts";
import { bothHandles, caseOf, standAlone } from "../documents/support.ts";
import { type Attempt, valuePlaces } from "./places.ts";
import { refusesAll } from "./refused-input.ts";

/** An array that answers its length with this. */
function withLength<Item>(length: unknown, ...items: readonly Item[]): Item[] {
  return new Proxy([...items], {
    get: (target, key) => (key === "length" ? length : Reflect.get(target, key)),
  });
}

/** Every place of the ports where an array goes, with one of this length in it. */
function arrayPlaces({ store, tenant }: CaseContext, length: unknown): readonly Attempt[] {
  const { documents, log } = store;
  const address = { tenant, namespace: ["n"], key: "k" };
  const session = { tenant, session: "s" };
  const operation = { id: "o", fingerprint: "f" };
  const range = { from: 1, to: 1 };
  return [
    [
      "namespace of put",
      () => documents.put({ ...address, namespace: withLength(length, "n") }, { value: 1 }),
    ],
    ["tags of put", () => documents.put(address, { value: 1, tags: withLength(length, "t") })],
    ["writes of putMany", () => documents.putMany(withLength(length, { address, value: 1 }))],
    ["deletes of deleteMany", () => documents.deleteMany(withLength(length, { address }))],
    ["addresses of getMany", () => documents.getMany(withLength(length, address))],
    ["namespace of find", () => documents.find({ tenant }, { namespace: withLength(length, "n") })],
    [
      "namespacePrefix of find",
      () => documents.find({ tenant }, { namespacePrefix: withLength(length, "n") }),
    ],
    ["tags.all of find", () => documents.find({ tenant }, { tags: { all: withLength(length, "t") } })],
    ["tags.any of find", () => documents.find({ tenant }, { tags: { any: withLength(length, "t") } })],
    ["filters of find", () => documents.find({ tenant }, { where: { and: withLength(length) } })],
    ["prefix of count", () => documents.count({ tenant }, { namespacePrefix: withLength(length, "n") })],
    ["prefix of namespaces", () => documents.namespaces({ tenant }, { prefix: withLength(length, "n") })],
    ["suffix of namespaces", () => documents.namespaces({ tenant }, { suffix: withLength(length, "n") })],
    ["events of append", () => log.append(session, withLength(length, says("x")), { operation })],
    ["types of read", () => log.read(session, { types: withLength(length, "message" as const) })],
    ["seqs of erase", () => log.erase(session, { seqs: withLength(length, range) })],
    [
      "derivedFrom of an event",
      () => log.append(session, [{ ...says("x"), derivedFrom: withLength(length, range) } as EventInput]),
    ],
    [
      "ranges of a retraction",
      () =>
        log.append(session, [
          { type: "retraction", body: { ranges: withLength(length, range), reason: "r" } } as EventInput,
        ]),
    ],
    ["types of scan", () => log.scan(tenant, { types: withLength(length, "message" as const) })] as const,
    ...(isEventTransfer(log)
      ? [["events of importEvents", () => importOf(log, session, withLength(length))] as const]
      : []),
    ...(isDocumentTransfer(documents)
      ? [
          [
            "documents of importDocuments",
            () => documents.importDocuments({ tenant }, { version: 1, documents: withLength(length) }),
          ] as const,
        ]
      : []),
  ];
}

async function importOf(
  log: Parameters<typeof isEventTransfer>[0],
  session: { readonly tenant: string; readonly session: string },
  events: never[],
): Promise<unknown> {
  if (!isEventTransfer(log)) return undefined;
  const head = present(await log.head(session), "the head of the session");
  return log.importEvents({ ...session, session: "copy" }, { head, events, operations: [], removed: [] });
}

/** An object whose field answers with the first value once and with the second from then on. */
function changing(
  first: JsonValue,
  second: JsonValue,
): { readonly it: JsonValue; readonly reads: () => number } {
  let reads = 0;
  const it = Object.defineProperty({}, "text", {
    enumerable: true,
    get: () => (reads++ === 0 ? first : second),
  }) as JsonValue;
  return { it, reads: () => reads };
}

/** Input that answers one way when it is checked and another way when it is stored. */
export const lyingInputCases: readonly ConformanceCase[] = [
  caseOf(
    "hostile",
    "lengths-that-are-none",
    "An array whose length is NaN, negative, a fraction, endless or no number is refused wherever an array goes.",
    (context) => {
      const lengths = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, "1", undefined];
      return refusesAll(
        context,
        "invalid-input",
        lengths.map((length) => [
          `a length of ${String(length)}`,
          [
            ...valuePlaces(context.store, context.tenant, withLength(length, 1)),
            ...arrayPlaces(context, length),
          ],
        ]),
      );
    },
  ),
  caseOf(
    "hostile",
    "values-that-change",
    "Each part of a value is read once: what was checked and measured is what is stored, and whatever was acknowledged reads back.",
    async (context) => {
      const { documents, log } = context.store;
      const address = standAlone(context, "k", ["n"]);
      const session = addressOf(context, "s");
      // The second answers could not be stored: too large, half a surrogate pair, no JSON at all.
      const seconds: readonly JsonValue[] = [
        "x".repeat(context.store.limits.valueBytes + 1),
        "\ud83d",
        Number.NaN,
      ];
      for (const second of seconds) {
        const value = changing("first", second);
        const stored = await documents.put(address, { value: value.it });
        equal(stored.value, { text: "first" }, "what put returns for a value that changes");
        const body = changing("first", second);
        await log.append(session, [{ type: "x-custom", body: body.it }]);
        equal([value.reads(), body.reads()], [1, 1], "how often a field was read");
      }
      const bytes = Buffer.byteLength(JSON.stringify({ type: "x-custom", body: { text: "first" } }));
      for (const [name, store] of bothHandles(context)) {
        const document = await store.documents.get(address);
        equal(document?.value, { text: "first" }, `the value through ${name}`);
        const { events } = await store.log.read(session);
        const bodies = events.map((event) => event.body);
        equal(
          bodies,
          seconds.map(() => ({ text: "first" })),
          `the events through ${name}`,
        );
        const head = await store.log.head(session);
        equal(head?.bytes, bytes * seconds.length, `head.bytes through ${name}`);
      }
      const deleted = await log.delete(session);
      check(deleted, "the session must still be deletable");
    },
  ),
];
