import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  admitAppend,
  admitDeleteMany,
  admitEvent,
  admitEvents,
  admitGetMany,
  admitJson,
  admitNamespace,
  admitPutMany,
  admitRanges,
  admitRead,
  admitTags,
  type DocumentWrite,
  defaultLimits,
  resolveLimits,
} from "../src/index.ts";
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
    expect(admitRead({ types: trap("message" as const) }, limits).types).toEqual(new Set(["message"]));
    expect(admitPutMany(trap(write), {}, limits).writes[0]?.value).toEqual([1, 2]);
    expect(admitGetMany(trap(write.address), limits)[0]?.namespace).toEqual(["a"]);
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
      () => admitGetMany([write.address, , write.address] as never, limits),
    ];
    // biome-ignore-end lint/suspicious/noSparseArray: as above.
    for (const batch of batches) expect(thrown(batch, "invalid-input").details.index).toBe(1);
  });

  it("lose what is no element, as in JSON", () => {
    const match = /b/.exec("abc");
    expect(admitJson(match, "value", limits)).toEqual({ value: ["b"], bytes: 5 });
  });
});

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
    expect(admitAppend(address, [{ type: "x-a", body: 1 }], {}, limits).address).toEqual({
      tenant: "t",
      session: "s",
    });
  });

  it("are refused when they cannot be read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const input of [proxy, { a: proxy }, [proxy]]) {
      const error = thrown(() => admitJson(input, "value", limits), "invalid-input");
      expect(error.cause).toBeInstanceOf(TypeError);
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
