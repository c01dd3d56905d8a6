import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DocumentWrite,
  defaultLimits,
  fingerprint,
  MemoryError,
  type TransferBatch,
} from "../src/index.ts";
import {
  admitDocumentAddress,
  admitDocumentScope,
  admitEvent,
  admitEvents,
  admitJson,
  admitMetadata,
  admitNamespace,
  admitRanges,
  admitSessionAddress,
  admitTags,
  admitWhere,
  resolveLimits,
} from "../src/input/index.ts";
import { admitDeleteMany, admitGetMany, admitPutMany } from "../src/store/document-calls.ts";
import { admitAppend } from "../src/store/index.ts";
import { admitRead } from "../src/store/log-calls.ts";
import { admitTransferBatch } from "../src/store/transfer-batch.ts";
import { thrown } from "./support.ts";

const limits = defaultLimits;

/** An array whose own iterator never ends and whose `map` lies. */
function trap<Item>(...items: readonly Item[]): Item[] {
  return Object.assign([...items], {
    *[Symbol.iterator](): Generator<Item> {
      for (;;) yield items[0] as Item;
    },
    map: () => ["from map"],
  });
}

describe("arrays that lie about themselves", () => {
  it("are read by index", () => {
    const write = { address: { tenant: "t", namespace: trap("a"), key: "k" }, value: trap(1, 2) };
    expect(admitNamespace(trap("a", "b"), "namespace", limits)).toEqual(["a", "b"]);
    expect(admitTags(trap("b", "a"), "tags", limits)).toEqual(["a", "b"]);
    expect(admitRanges(trap({ from: 1, to: 2 }), "seqs")).toEqual([{ from: 1, to: 2 }]);
    expect(admitRead(session, { types: trap("message" as const) }, limits).types).toEqual(
      new Set(["message"]),
    );
    expect(admitPutMany(trap(write), {}, limits).writes[0]?.value).toEqual([1, 2]);
    expect(admitGetMany(trap(write.address), {}, limits).addresses[0]?.namespace).toEqual(["a"]);
    const admitted = admitEvents(trap({ type: "x-a", body: trap(1) }), limits);
    expect(admitted.map(({ event }) => event)).toEqual([{ type: "x-a", body: [1] }]);
  });

  it("are refused for their holes, with the index", () => {
    const write: DocumentWrite = { address: { tenant: "t", namespace: ["a"], key: "k" }, value: 1 };
    // biome-ignore-start lint/suspicious/noSparseArray: holes are the input under test.
    const batches = [
      () => admitPutMany([write, , write] as never, {}, limits),
      () =>
        admitDeleteMany(
          [write, , write].map((entry) => entry && { address: entry.address }) as never,
          {},
          limits,
        ),
      () => admitGetMany([write.address, , write.address] as never, {}, limits),
    ];
    // biome-ignore-end lint/suspicious/noSparseArray: as above.
    for (const batch of batches) expect(thrown(batch, "invalid-input").details.index).toBe(1);
  });

  it("lose what is no element, as in JSON", () => {
    const match = /b/.exec("abc");
    expect(admitJson(match, "value", limits)).toEqual({ value: ["b"], bytes: 5 });
  });
});

/** An array that answers its length with this. */
function withLength(length: unknown, ...items: readonly unknown[]): never[] {
  return new Proxy([...items], {
    get: (target, key) => (key === "length" ? length : Reflect.get(target, key)),
  }) as never[];
}

describe("lengths that are no lengths", () => {
  const event = { type: "x-a" as const, body: 1 };
  const address = { tenant: "t", namespace: ["a"], key: "k" };
  const operation = { id: "o", fingerprint: "f" };
  const places: readonly (readonly [string, (length: unknown) => unknown])[] = [
    ["a value", (length) => admitJson(withLength(length, 1), "value", limits)],
    ["deep in a value", (length) => admitJson({ a: [withLength(length, 1)] }, "value", limits)],
    ["events", (length) => admitAppend(session, withLength(length, event), { operation }, limits, "token")],
    ["a namespace", (length) => admitNamespace(withLength(length, "a"), "namespace", limits)],
    ["tags", (length) => admitTags(withLength(length, "a"), "tags", limits)],
    ["ranges", (length) => admitRanges(withLength(length, { from: 1, to: 1 }), "seqs")],
    ["types", (length) => admitRead(session, { types: withLength(length, "message") }, limits)],
    ["writes", (length) => admitPutMany(withLength(length, { address, value: 1 }), {}, limits)],
    ["deletes", (length) => admitDeleteMany(withLength(length, { address }), {}, limits)],
    ["addresses", (length) => admitGetMany(withLength(length, address), {}, limits)],
    ["operands", (length) => admitWhere({ path: ["value"], $in: withLength(length, 1) }, limits)],
    ["filters", (length) => admitWhere({ and: withLength(length) }, limits)],
    ["events of a batch", (length) => admitTransferBatch({ ...batch, events: withLength(length) }, limits)],
    [
      "operations of a batch",
      (length) => admitTransferBatch({ ...batch, operations: withLength(length) }, limits),
    ],
    ["a request", (length) => fingerprint({ a: withLength(length, 1) })],
  ];
  const lengths = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, "1", undefined, null, {}, 1n];

  it.each(places)("are refused in %s", (_place, admit) => {
    for (const length of lengths) {
      expect(thrown(() => admit(length), "invalid-input").message).toContain("length");
    }
  });

  it("are read once", () => {
    let reads = 0;
    const growing = new Proxy(["a", "b"], {
      get: (target, key) => (key === "length" ? ++reads : Reflect.get(target, key)),
    });
    expect(admitTags(growing, "tags", limits)).toEqual(["a"]);
    expect(admitJson(growing, "value", limits)).toEqual({ value: ["a", "b"], bytes: 9 });
  });

  it("do not make the import of a batch endless", () => {
    const record = { ...operation, result: { firstSeq: 1, version: 0, incarnation: "i", revision: 1 } };
    const endless = new Proxy([], { get: (_, key) => (key === "length" ? 2 ** 52 : record) });
    thrown(() => admitTransferBatch({ ...batch, operations: endless }, limits), "invalid-input");
    thrown(
      () => admitTransferBatch({ ...batch, operations: new Array(2 ** 32 - 1) }, limits),
      "invalid-input",
    );
  });
});

describe("whatever is admitted", () => {
  it("has the size of its JSON, however the input lies", () => {
    const anyLength = fc.constantFrom<unknown>(0, 1, 2, 5, -1, 0.5, Number.NaN, "2", null);
    const lyingArray = (items: readonly unknown[], answers: readonly unknown[]): unknown => {
      let asked = 0;
      return new Proxy([...items], {
        get: (target, key) =>
          key === "length" && answers.length > 0
            ? answers[asked++ % answers.length]
            : Reflect.get(target, key),
      });
    };
    const lies = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>(1, "x", null, true, undefined, Number.NaN),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 3 }), tie("value"), { maxKeys: 4 }),
        fc
          .record({ items: fc.array(tie("value"), { maxLength: 4 }), lengths: fc.array(anyLength) })
          .map(({ items, lengths }) => lyingArray(items, lengths)),
        fc.array(tie("value"), { minLength: 1, maxLength: 3 }).map((answers) => {
          let asked = 0;
          return Object.defineProperty({}, "field", {
            enumerable: true,
            get: () => answers[asked++ % answers.length],
          });
        }),
      ),
    })).value;
    let admitted = 0;
    fc.assert(
      fc.property(lies, (input) => {
        let result: ReturnType<typeof admitJson>;
        try {
          result = admitJson(input, "value", limits);
        } catch (error) {
          expect(error).toBeInstanceOf(MemoryError);
          return;
        }
        admitted++;
        expect(result.bytes).toBe(Buffer.byteLength(JSON.stringify(result.value)));
        expect(admitJson(result.value, "value", limits)).toEqual(result);
      }),
      { numRuns: 3000, seed: 11 },
    );
    expect(admitted).toBeGreaterThan(300);
  });
});

const session = { tenant: "t", session: "s" };
const batch: TransferBatch = {
  head: {
    session: "s",
    incarnation: "i",
    version: 0,
    revision: 1,
    removalRevision: 0,
    token: "token",
    firstSeq: 1,
    events: 0,
    bytes: 0,
    metadata: {},
    createdAt: 0,
    updatedAt: 0,
  },
  events: [],
  operations: [],
  removed: [],
};

describe("objects that lie about themselves", () => {
  it("cannot show the check other fields than the store", () => {
    let asked = 0;
    const event = new Proxy(
      { type: "x-a", body: 1, smuggled: true },
      {
        ownKeys: (target) => Reflect.ownKeys(target).filter((key) => key !== "smuggled" || asked++ > 0),
      },
    );
    expect(admitEvent(event, "event", limits).event).toStrictEqual({ type: "x-a", body: 1 });
    expect(thrown(() => admitEvent(event, "event", limits), "invalid-input").details.field).toBe(
      "event.smuggled",
    );
  });

  it("cannot change an address between two reads", () => {
    let reads = 0;
    const address = {
      tenant: "t",
      get session() {
        return reads++ === 0 ? "s" : "\0";
      },
    };
    expect(admitAppend(address, [{ type: "x-a", body: 1 }], {}, limits, "token").address).toEqual({
      tenant: "t",
      session: "s",
    });
  });

  it("are refused when they cannot be read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const calls = [
      () => admitJson(proxy, "value", limits),
      () => admitJson({ a: proxy }, "value", limits),
      () => admitJson([proxy], "value", limits),
      () => admitMetadata(proxy, "metadata", limits),
      () => admitTags(proxy, "tags", limits),
      () => admitEvents(proxy as never, limits),
      () => admitWhere(proxy, limits),
      () => admitTransferBatch(proxy as never, limits),
      () => admitTransferBatch({ ...batch, events: [proxy as never] }, limits),
    ];
    for (const call of calls) expect(thrown(call, "invalid-input").cause).toBeInstanceOf(TypeError);
  });

  it("are refused as input, whichever question it is that throws", () => {
    const boom = (): never => {
      throw new Error("BOOM");
    };
    const handlers: readonly ProxyHandler<object>[] = [
      { get: boom },
      { ownKeys: boom },
      { getOwnPropertyDescriptor: boom },
      { getPrototypeOf: boom },
    ];
    const batch = {
      head: { incarnation: "i" },
      events: [],
      operations: [],
      removed: [],
    };
    for (const handler of handlers) {
      const hostile = <Input extends object>(input: Input): Input =>
        new Proxy(input, handler as ProxyHandler<Input>);
      const address = { tenant: "t", namespace: ["a"], key: "k" };
      const calls: readonly (() => unknown)[] = [
        () => admitSessionAddress(hostile({ tenant: "t", session: "s" }), limits),
        () => admitDocumentAddress(hostile(address), limits),
        () => admitDocumentScope(hostile({ tenant: "t" }), limits),
        () => admitTransferBatch({ ...batch, head: hostile(batch.head) } as never, limits),
      ];
      for (const call of calls) thrown(call, "invalid-input");
    }
    thrown(() => admitRanges([new Proxy({ from: 1, to: 1 }, { get: boom })], "seqs"), "invalid-input");
    const { signal } = new AbortController();
    for (const lying of [{ aborted: false }, new Proxy(signal, { get: boom })]) {
      thrown(() => admitRead(session, { signal: lying as never }, limits), "invalid-input");
    }
  });

  it("name no session that only a polluted prototype has", () => {
    const prototype = Object.prototype as { session?: unknown };
    prototype.session = "polluted";
    try {
      const address = admitDocumentAddress({ tenant: "t", namespace: ["a"], key: "k" }, limits);
      expect(Object.hasOwn(address, "session")).toBe(false);
      expect(Object.hasOwn(admitDocumentScope({ tenant: "t" }, limits), "session")).toBe(false);
    } finally {
      delete prototype.session;
    }
  });

  it("are refused by the prototype of their own realm", () => {
    const inputs = ["new Date(0)", "new Map()", "new (class Point {})", "Object.create({ a: 1 })"];
    for (const input of inputs) {
      thrown(() => admitJson(runInNewContext(input), "value", limits), "invalid-input");
    }
    const name = "y".repeat(300);
    const named = runInNewContext(`new (class ${name} {})`);
    expect(thrown(() => admitJson(named, "value", limits), "invalid-input").message).not.toContain(name);
  });

  it("keep only what is their own when a prototype was polluted", () => {
    const polluted = runInNewContext("Object.prototype.evil = 1; ({ a: 1 })");
    expect(admitJson(polluted, "value", limits)).toEqual({ value: { a: 1 }, bytes: 7 });
  });

  it("are neither asked for a primitive nor for a name where a type is wrong", () => {
    const part = { type: { toString: 1, valueOf: 1 } };
    const event = { type: "message", body: { role: "user", content: [part] } };
    expect(thrown(() => admitEvent(event, "event", limits), "invalid-input").details.field).toBe(
      "event.body.content[0].type",
    );
  });
});

describe("depth", () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
    return value;
  };

  it("is walked to the widest limit that can be set, and no further", () => {
    const widest = resolveLimits({ depth: 1000 });
    expect(admitJson(nested(1000), "value", widest).bytes).toBe(JSON.stringify(nested(1000)).length);
    thrown(() => admitJson(nested(1001), "value", widest), "too-large");
    thrown(() => admitJson(nested(100_000), "value", widest), "too-large");
    expect(thrown(() => resolveLimits({ depth: 1001 }), "invalid-input").details.field).toBe("limits.depth");
  });
});
