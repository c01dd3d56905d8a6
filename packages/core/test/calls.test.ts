import { describe, expect, it } from "vitest";
import { defaultLimits, type EventInput } from "../src/index.ts";
import { resolveLimits } from "../src/input/index.ts";
import { admitDeleteMany, admitGetMany, admitPut, admitPutMany } from "../src/store/document-calls.ts";
import { admitNamespaces } from "../src/store/document-queries.ts";
import { admitAppend, admitFind, encodeCursor } from "../src/store/index.ts";
import { admitListSessions, admitScan } from "../src/store/list-calls.ts";
import { admitErase, admitRead, admitTouch, admitTrim } from "../src/store/log-calls.ts";
import { thrown } from "./support.ts";

const limits = defaultLimits;
const session = { tenant: "t", session: "s" };
const event: EventInput = { type: "x-note", body: 1 };
const document = { tenant: "t", namespace: ["a"], key: "k" };
const aborted = AbortSignal.abort(new Error("stop"));

describe("log calls", () => {
  it("append without events needs an operation to record", () => {
    thrown(() => admitAppend(session, [], {}, limits, "token"), "invalid-input");
    const operation = { id: "o", fingerprint: "f" };
    expect(admitAppend(session, [], { operation }, limits, "token").operation).toEqual(operation);
  });

  it.each([
    ["expectedVersion", { expectedVersion: -1 }],
    ["expectedVersion", { expectedVersion: 1.5 }],
    ["fence", { fence: 0 }],
    ["ttlMs", { ttlMs: 0 }],
    ["ttlMs", { ttlMs: Number.POSITIVE_INFINITY }],
    ["incarnation", { incarnation: "" }],
    ["operation.id", { operation: { id: "", fingerprint: "f" } }],
    ["operation.fingerprint", { operation: { id: "o" } }],
    ["init.subject", { init: { subject: "" } }],
    ["init.metadata", { init: { metadata: [] } }],
  ])("append refuses a bad %s", (field, options) => {
    expect(
      thrown(() => admitAppend(session, [event], options as never, limits, "token"), "invalid-input").details
        .field,
    ).toBe(field);
  });

  it("every call refuses null for its options and stops for a signal that has fired", () => {
    const calls: readonly ((options: never) => unknown)[] = [
      (options) => admitAppend(session, [event], options, limits, "token"),
      (options) => admitRead(session, options, limits),
      (options) => admitTouch(session, options, limits, "token"),
      (options) => admitTrim(session, options, limits, "token"),
      (options) => admitErase(session, options, limits, "token"),
      (options) => admitListSessions("t", options, limits),
      (options) => admitScan("t", options, limits),
      (options) => admitPut(document, { value: 1 }, options, limits),
      (options) => admitPutMany([{ address: document, value: 1 }], options, limits),
      (options) => admitDeleteMany([{ address: document }], options, limits),
      (options) => admitFind({ tenant: "t" }, options, limits),
      (options) => admitNamespaces({ tenant: "t" }, options, limits),
    ];
    for (const call of calls) {
      thrown(() => call(null as never), "invalid-input");
      thrown(() => call(new AbortController().signal as never), "invalid-input");
      thrown(() => call({ signal: new AbortController() } as never), "invalid-input");
      expect(thrown(() => call({ signal: aborted } as never), "aborted").cause).toEqual(new Error("stop"));
    }
  });

  it("read has bounds that are whole and a limit of 1 to 1,000", () => {
    expect(admitRead(session, {}, limits)).toMatchObject({
      after: 0,
      limit: 100,
      direction: "forward",
      retracted: "exclude",
    });
    for (const bad of [
      { limit: 0 },
      { limit: 1001 },
      { after: -1 },
      { before: 0.5 },
      { direction: "up" },
      { types: ["note"] },
      { pinned: 1 },
      { atVersion: -1 },
      { retracted: "all" },
    ]) {
      thrown(() => admitRead(session, bad as never, limits), "invalid-input");
    }
  });

  it("trim names exactly one bound", () => {
    thrown(() => admitTrim(session, {} as never, limits, "token"), "invalid-input");
    thrown(() => admitTrim(session, { beforeSeq: 1, olderThan: 1 }, limits, "token"), "invalid-input");
    expect(admitTrim(session, { olderThan: 5, incarnation: "i" }, limits, "token")).toEqual({
      address: session,
      signal: undefined,
      incarnation: "i",
      beforeSeq: undefined,
      olderThan: 5,
      token: "token",
    });
  });

  it("cursors are checked value by value", () => {
    const scan = encodeCursor("scan", [5, "s", 3]);
    expect(admitScan("t", { cursor: scan }, limits).after).toEqual({ recordedAt: 5, session: "s", seq: 3 });
    for (const cursor of [
      encodeCursor("scan", ["5", "s", 3]),
      encodeCursor("scan", [5, "", 3]),
      encodeCursor("scan", [5, "s", 0]),
      encodeCursor("sessions", ["s"]),
      "",
      "%%%",
    ]) {
      thrown(() => admitScan("t", { cursor }, limits), "invalid-input");
    }
    expect(admitListSessions("t", { cursor: encodeCursor("sessions", ["s"]) }, limits).after?.session).toBe(
      "s",
    );
    thrown(() => admitListSessions("t", { cursor: encodeCursor("sessions", [{}]) }, limits), "invalid-input");
  });
});

describe("document calls", () => {
  it("a put knows its fields", () => {
    thrown(() => admitPut(document, { value: 1, tag: ["x"] } as never, {}, limits), "invalid-input");
    thrown(() => admitPut(document, {} as never, {}, limits), "invalid-input");
    thrown(() => admitPut(document, { value: 1, ttlMs: -5 }, {}, limits), "invalid-input");
    const { writes } = admitPut(
      document,
      { value: { a: 1 }, tags: ["b", "a", "b"] },
      { expectedVersion: 0 },
      limits,
    );
    expect(writes[0]).toMatchObject({ value: { a: 1 }, tags: ["a", "b"], expectedVersion: 0, bytes: 7 });
  });

  it("incarnation and fence are for documents of a session", () => {
    thrown(() => admitPut(document, { value: 1 }, { fence: 3 }, limits), "invalid-input");
    thrown(() => admitPut(document, { value: 1 }, { incarnation: "i" }, limits), "invalid-input");
    expect(admitPut({ ...document, session: "s" }, { value: 1 }, { fence: 3 }, limits).fence).toBe(3);
  });

  it("a batch is of one unit and names nothing twice", () => {
    const write = (address: object) => ({ address: { ...document, ...address }, value: 1 });
    expect(admitPutMany([write({}), write({ key: "l" })], {}, limits).scope).toEqual({ tenant: "t" });
    const inSession = [write({ session: "s", namespace: ["a"] }), write({ session: "s", namespace: ["b"] })];
    expect(admitPutMany(inSession, {}, limits).scope).toEqual({ tenant: "t", session: "s" });
    for (const other of [
      { tenant: "u" },
      { session: "s" },
      { namespace: ["b"] },
      { namespace: ["a", "b"] },
      {},
    ]) {
      thrown(() => admitPutMany([write({}), write(other)], {}, limits), "invalid-input");
    }
    thrown(() => admitPutMany([], {}, limits), "invalid-input");
    thrown(
      () => admitDeleteMany([{ address: document }, { address: document }], {}, limits),
      "invalid-input",
    );
    thrown(
      () => admitPutMany([write({}), write({ key: "l" })], {}, resolveLimits({ batchItems: 1 })),
      "too-large",
    );
  });

  it("getMany is of one tenant", () => {
    expect(admitGetMany([document, { ...document, session: "s" }], {}, limits).addresses).toHaveLength(2);
    thrown(() => admitGetMany([document, { ...document, tenant: "u" }], {}, limits), "invalid-input");
  });

  it("find checks each filter", () => {
    for (const bad of [
      { namespace: "a" },
      { namespacePrefix: [""] },
      { tags: { any: "x" } },
      { where: {} },
      { text: 5 },
      { updatedSince: 0.5 },
      { keyAfter: "" },
      { direction: "up" },
      { limit: 0 },
      { cursor: encodeCursor("documents", [["a"]]) },
    ]) {
      thrown(() => admitFind({ tenant: "t" }, bad as never, limits), "invalid-input");
    }
    const after = admitFind(
      { tenant: "t" },
      { cursor: encodeCursor("documents", [["a"], "k"]) },
      limits,
    ).after;
    expect(after).toEqual({ namespace: ["a"], key: "k" });
    expect(admitFind({ tenant: "t" }, { text: "ÁRBOL" }, limits).text).toBe("árbol");
  });

  it("namespaces checks each filter", () => {
    for (const bad of [{ prefix: "a" }, { suffix: [1] }, { maxDepth: 0 }, { cursor: "x" }]) {
      thrown(() => admitNamespaces({ tenant: "t" }, bad as never, limits), "invalid-input");
    }
  });
});
