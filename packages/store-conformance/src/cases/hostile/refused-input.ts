import { type EventInput, type JsonValue, MemoryError, type MemoryErrorCode } from "@relevo/core";
import { check, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, says } from "../../samples.ts";
import { caseOf, changesNothing, ofSession, standAlone } from "../documents/support.ts";
import { type Attempt, idPlaces, someOf, valuePlaces } from "./places.ts";

/** Fills the tenant, so that a hostile call has something to damage, and asserts that every attempt is refused. */
export async function refusesAll(
  context: CaseContext,
  code: MemoryErrorCode,
  groups: readonly (readonly [what: string, attempts: readonly Attempt[]])[],
): Promise<void> {
  await context.store.log.append(addressOf(context, "s"), [says("kept")]);
  await context.store.documents.put(standAlone(context, "k", ["n"]), { value: "kept", tags: ["t"] });
  await context.store.documents.put(ofSession(addressOf(context, "s"), "k", ["n"]), { value: "kept" });
  await changesNothing(context, "Hostile input", async () => {
    for (const [group, [what, attempts]] of groups.entries()) {
      const chosen = context.everyPlace ? attempts : someOf(attempts, group);
      for (const [place, call] of chosen) await refuses(call, code, `${what} as ${place}`);
    }
  });
}

function ids(
  context: CaseContext,
  hostile: { readonly [what: string]: unknown },
): Parameters<typeof refusesAll>[2] {
  return Object.entries(hostile).map(([what, id]) => [
    what,
    idPlaces(context.store, context.tenant, id as string),
  ]);
}

function values(
  context: CaseContext,
  hostile: { readonly [what: string]: unknown },
): Parameters<typeof refusesAll>[2] {
  return Object.entries(hostile).map(([what, value]) => [
    what,
    valuePlaces(context.store, context.tenant, value),
  ]);
}

class Point {
  readonly x: number = 1;
}

function cyclic(): unknown {
  const object: { self?: unknown } = {};
  object.self = object;
  return object;
}

/** Kinds of input that can never be stored, each at every place where it may come in. */
export const refusedInputCases: readonly ConformanceCase[] = [
  caseOf("hostile", "empty-ids", "An empty id is refused wherever an id goes.", (context) =>
    refusesAll(context, "invalid-input", ids(context, { "an empty string": "" })),
  ),
  caseOf(
    "hostile",
    "oversized-ids",
    "An id longer than the limit is too-large wherever an id goes.",
    (context) => {
      const { idBytes } = context.store.limits;
      const hostile = {
        "one byte too many": "i".repeat(idBytes + 1),
        "one byte too many in UTF-8": "\u00e9".repeat(idBytes / 2 + 1),
        "a huge string": "i".repeat(1_000_000),
      };
      return refusesAll(context, "too-large", ids(context, hostile));
    },
  ),
  caseOf(
    "hostile",
    "nul-in-ids",
    "A NUL character in an id is refused, never cut off or dropped.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        ids(context, { "NUL alone": "\0", "NUL inside": "a\0b", "NUL last": "k\0" }),
      ),
  ),
  caseOf(
    "hostile",
    "lone-surrogates-in-ids",
    "Half of a surrogate pair in an id is refused, never replaced by another character.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        ids(context, { "a high half": "a\ud83d", "a low half": "\ude00a", "halves swapped": "\ude00\ud83d" }),
      ),
  ),
  caseOf(
    "hostile",
    "ids-of-other-types",
    "An id that is no string is refused, never turned into one.",
    (context) => {
      // Without the optional fields, where undefined means absent.
      const hostile = {
        "a number": 7,
        "an array": ["s"],
        "an object": { toString: () => "s" },
        null: null,
        true: true,
        "an operator": { $ne: "" },
      };
      const groups = ids(context, hostile).map(
        ([what, attempts]) => [what, attempts.filter(([place]) => place !== "type of an event")] as const,
      );
      return refusesAll(context, "invalid-input", groups);
    },
  ),
  caseOf(
    "hostile",
    "nul-in-values",
    "A NUL character in a string or a key of a value is refused.",
    (context) =>
      refusesAll(context, "invalid-input", values(context, { "a string": "a\0b", "a key": { "a\0b": 1 } })),
  ),
  caseOf(
    "hostile",
    "lone-surrogates-in-values",
    "Half of a surrogate pair in a string or a key of a value is refused, never replaced.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        values(context, { "a string": "a\ud83d", "a low half": "\ude00", "a key": { "\ud83d": 1 } }),
      ),
  ),
  caseOf(
    "hostile",
    "numbers-that-json-lacks",
    "NaN, the infinities and bigints are refused, never stored as null or as text.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        values(context, {
          NaN: Number.NaN,
          Infinity: Number.POSITIVE_INFINITY,
          "-Infinity": Number.NEGATIVE_INFINITY,
          "a bigint": 1n,
        }),
      ),
  ),
  caseOf(
    "hostile",
    "objects-that-json-lacks",
    "Dates, maps, sets, buffers, errors, boxed values and class instances are refused, never flattened.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        values(context, {
          "a date": new Date(0),
          "a map": new Map([["a", 1]]),
          "a set": new Set([1]),
          "a buffer": Buffer.from("abc"),
          "an error": new Error("x"),
          "a boxed number": Object(1),
          "a regular expression": /x/,
          "a class instance": new Point(),
          "an object with another prototype": Object.create({ inherited: 1 }),
          "a promise": Promise.resolve(1),
        }),
      ),
  ),
  caseOf(
    "hostile",
    "functions-and-symbols",
    "Functions and symbols are refused, never left out.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        values(context, {
          "a function": () => 1,
          "a symbol": Symbol("x"),
          "a method": { toJSON: () => "innocent" },
        }),
      ),
  ),
  caseOf(
    "hostile",
    "holes-in-arrays",
    "undefined in an array and holes are refused, never stored as null.",
    (context) =>
      refusesAll(
        context,
        "invalid-input",
        // biome-ignore lint/suspicious/noSparseArray: the hole is the hostile input.
        values(context, { "undefined in an array": [1, undefined, 2], "a hole": [1, , 2] }),
      ),
  ),
  caseOf(
    "hostile",
    "missing-values",
    "A write without a value, a body or a namespace is refused, never stored as null.",
    (context) => {
      const { documents, log } = context.store;
      const address = standAlone(context, "k", ["n"]);
      const session = addressOf(context, "s");
      const event = (input: object) => (): Promise<unknown> => log.append(session, [input as EventInput]);
      const nothing = undefined as unknown as JsonValue;
      const attempts: readonly Attempt[] = [
        ["value of put", () => documents.put(address, { value: nothing })],
        ["input of put", () => documents.put(address, undefined as never)],
        ["input of put", () => documents.put(address, null as never)],
        ["address of put", () => documents.put(undefined as never, { value: 1 })],
        ["value of putMany", () => documents.putMany([{ address, value: nothing }])],
        ["a write of putMany", () => documents.putMany([undefined as never])],
        ["namespace", () => documents.put({ ...address, namespace: [] }, { value: 1 })],
        ["namespace of get", () => documents.get({ ...address, namespace: [] })],
        ["namespace as text", () => documents.get({ ...address, namespace: "n" as never })],
        ["body of an event", event({ type: "x-custom" })],
        ["content of a message", event({ type: "message", body: { role: "user" } })],
        ["an event", () => log.append(session, [undefined as never])],
        ["the events", () => log.append(session, undefined as never)],
        ["no events", () => log.append(session, [])],
      ];
      return refusesAll(context, "invalid-input", [["nothing", attempts]]);
    },
  ),
  caseOf(
    "hostile",
    "cycles-and-depth",
    "A cyclic value, and one nested deeper than the limit, are too-large; no call overflows the stack.",
    (context) => {
      let deep: unknown = 1;
      for (let level = 0; level < 20_000; level++) deep = level % 2 === 0 ? [deep] : { in: deep };
      let slightly: unknown = 1;
      for (let level = 0; level <= context.store.limits.depth; level++) slightly = [slightly];
      return refusesAll(
        context,
        "too-large",
        values(context, { "a cycle": cyclic(), "a deep value": deep, "a level too many": slightly }),
      );
    },
  ),
  caseOf(
    "hostile",
    "width-and-size",
    "A value wider or larger than the limit is too-large before anything is written or allocated for it.",
    (context) => {
      const { valueBytes } = context.store.limits;
      const item = "x".repeat(1000);
      const hostile = {
        "a long string": "x".repeat(valueBytes + 1),
        "many strings": new Array<string>(Math.ceil(valueBytes / 1000) + 1).fill(item),
        "an array of nothing with the greatest length": new Array(2 ** 32 - 1),
      };
      return refusesAll(context, "too-large", values(context, hostile));
    },
  ),
  caseOf(
    "hostile",
    "proto-keys",
    "__proto__ as a key is refused wherever it stands, and no prototype is changed by trying.",
    async (context) => {
      const hostile = {
        "on top": JSON.parse('{"__proto__": {"polluted": true}}'),
        "deep inside": JSON.parse('{"a": [{"__proto__": 1}]}'),
      };
      await refusesAll(context, "invalid-input", values(context, hostile));
      // The plain words are keys and ids like all others, and change no prototype either.
      const value = { constructor: { prototype: { polluted: true } }, prototype: { polluted: true } };
      for (const word of ["__proto__", "constructor", "prototype"]) {
        const address = standAlone(context, word, [word]);
        const stored = await context.store.documents.put(address, { value, tags: [word], metadata: value });
        const found = await context.other.documents.get(address);
        check(JSON.stringify(found) === JSON.stringify(stored), `a document under ${word} must come back`);
      }
      check(!("polluted" in {}), "an object's prototype was polluted");
      check(!("polluted" in []), "an array's prototype was polluted");
      check(!("polluted" in (() => 1)), "a function's prototype was polluted");
    },
  ),
  caseOf(
    "hostile",
    "misspelt-fields",
    "A field that nobody knows in a document, a write, an event or a message is refused and named: it would be lost without a word.",
    async (context) => {
      const { documents, log } = context.store;
      const address = standAlone(context, "k", ["n"]);
      const session = addressOf(context, "s");
      const attempts: readonly (readonly [string, string, () => Promise<unknown>])[] = [
        ["put", "tag", () => documents.put(address, { value: 1, tag: ["x"] } as never)],
        ["put", "ttl", () => documents.put(address, { value: 1, ttl: 1 } as never)],
        ["putMany", "expected", () => documents.putMany([{ address, value: 1, expected: 0 } as never])],
        ["append", "agnet", () => log.append(session, [{ ...says("x"), agnet: "a" } as EventInput])],
        [
          "append",
          "contents",
          () =>
            log.append(session, [
              { type: "message", body: { role: "user", content: "x", contents: "y" } } as EventInput,
            ]),
        ],
      ];
      await refusesAll(
        context,
        "invalid-input",
        attempts.map(([method, field, call]) => [field, [[`a field of ${method}`, call]]]),
      );
      for (const [method, field, call] of attempts) {
        const error = await refuses(call, "invalid-input", `${method} with ${field}`);
        const named = MemoryError.isInstance(error) && String(error.details.field).endsWith(field);
        check(named, `${method} must name the field ${field}, not ${JSON.stringify(error.details)}`);
      }
    },
  ),
  caseOf(
    "hostile",
    "numbers-out-of-range",
    "Versions, fences, times to live and seqs that are no whole number in range are refused.",
    (context) => {
      const { documents, log } = context.store;
      const address = standAlone(context, "k", ["n"]);
      const session = addressOf(context, "s");
      const inside = ofSession(session, "k", ["n"]);
      const attemptsWith = (number: number): readonly Attempt[] => [
        ["expectedVersion of put", () => documents.put(address, { value: 1 }, { expectedVersion: number })],
        ["expectedVersion of delete", () => documents.delete(address, { expectedVersion: number })],
        ["fence of put", () => documents.put(inside, { value: 1 }, { fence: number })],
        ["ttlMs of put", () => documents.put(address, { value: 1, ttlMs: number })],
        ["ttlMs of touch", () => documents.touch(address, { ttlMs: number })],
        ["expectedVersion of append", () => log.append(session, [says("x")], { expectedVersion: number })],
        ["fence of append", () => log.append(session, [says("x")], { fence: number })],
        [
          "removalRevision of append",
          () => log.append(session, [says("x")], { incarnation: "i", removalRevision: number }),
        ],
        ["ttlMs of append", () => log.append(session, [says("x")], { ttlMs: number })],
        ["at of an event", () => log.append(session, [says("x", { at: number === -1 ? 0.5 : number })])],
        ["after of read", () => log.read(session, { after: number })],
        ["beforeSeq of trim", () => log.trim(session, { beforeSeq: number })],
        ["seqs of erase", () => log.erase(session, { seqs: [{ from: number, to: 1 }] })],
      ];
      const numbers = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1" as unknown as number];
      return refusesAll(
        context,
        "invalid-input",
        numbers.map((number) => [String(number), attemptsWith(number)]),
      );
    },
  ),
];
