import { createHash } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allPages,
  canonicalJson,
  createManualClock,
  createUuidGenerator,
  type EventLog,
  fingerprint,
  MemoryError,
  type ReadOptions,
  type ReadResult,
  readAll,
  readPages,
  systemClock,
} from "../src/index.ts";
import { closedError, conflict, historyLost, resolveLimits } from "../src/input/index.ts";
import { decodeCursor, encodeCursor } from "../src/store/index.ts";
import { rejected, thrown } from "./support.ts";

describe("MemoryError", () => {
  it("carries code, outcome, details and cause", () => {
    const cause = new Error("below");
    const error = new MemoryError("timeout", "late", { outcome: "unknown", details: { ms: 5 }, cause });
    expect(error).toMatchObject({
      name: "MemoryError",
      code: "timeout",
      outcome: "unknown",
      retryable: true,
      details: { ms: 5 },
      cause,
    });
    expect(new MemoryError("invalid-input", "no")).toMatchObject({
      outcome: "not-applied",
      retryable: false,
      details: {},
    });
    expect(conflict("lease", {}).retryable).toBe(true);
    expect(conflict("version", { version: 3 })).toMatchObject({
      code: "conflict",
      details: { conflict: "version", version: 3 },
    });
    expect(historyLost("evicted").details.reason).toBe("evicted");
    expect(closedError().code).toBe("closed");
  });

  it("is known across two installed copies", async () => {
    const folder = await mkdtemp(join(tmpdir(), "relevo-core-"));
    try {
      await cp(join(import.meta.dirname, "../dist"), folder, { recursive: true });
      const other = (await import(pathToFileURL(join(folder, "memory-error.js")).href)) as {
        MemoryError: typeof MemoryError;
      };
      const foreign = new other.MemoryError("conflict", "elsewhere");
      expect(foreign).not.toBeInstanceOf(MemoryError);
      expect(MemoryError.isInstance(foreign)).toBe(true);
      expect(MemoryError.isInstance(foreign, "conflict")).toBe(true);
      expect(MemoryError.isInstance(foreign, "timeout")).toBe(false);
      for (const no of [null, undefined, "conflict", { code: "conflict" }, new Error("x")])
        expect(MemoryError.isInstance(no)).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("createUuidGenerator", () => {
  it("makes UUIDv7 with the clock's time", () => {
    const uuid = createUuidGenerator(createManualClock(0x0123_4567_89ab)).next();
    expect(uuid).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("sorts and never repeats, while the clock stands still or goes back", () => {
    const clock = createManualClock();
    const ids = createUuidGenerator(clock);
    const made: string[] = [];
    for (let index = 0; index < 10_000; index++) {
      if (index % 1000 === 0) clock.advance(-7);
      made.push(ids.next());
    }
    expect(new Set(made).size).toBe(made.length);
    expect([...made].sort()).toEqual(made);
  });

  it("differs between generators at the same time", () => {
    const clock = createManualClock();
    expect(createUuidGenerator(clock).next()).not.toBe(createUuidGenerator(clock).next());
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });
});

describe("cursors", () => {
  it("come back as they went", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 4 }), (position) => {
        const wellFormed = position.map((part) => (typeof part === "string" ? part.toWellFormed() : part));
        expect(decodeCursor("k", encodeCursor("k", wellFormed), wellFormed.length)).toEqual(wellFormed);
      }),
      { seed: 7 },
    );
  });

  it.each([
    "",
    "e30",
    "!!!!",
    "bnVsbA",
    encodeCursor("other", [1]),
    encodeCursor("k", [1, 2]),
    "x".repeat(70_000),
    5,
    null,
  ])("refuses %#", (cursor) => void thrown(() => decodeCursor("k", cursor as string, 1), "invalid-input"));
});

describe("fingerprint", () => {
  it("is the same for the same request, whatever the order of its keys", () => {
    const one = { role: "user", content: [{ type: "text", text: "x" }], extra: undefined };
    const two = { content: [{ text: "x", type: "text" }], role: "user" };
    expect(fingerprint(one)).toBe(fingerprint(two));
    expect(fingerprint(one)).toMatch(/^[\w-]{43}$/);
  });

  it("differs for different requests", () => {
    const requests = [
      null,
      0,
      "0",
      [],
      {},
      [[]],
      [null],
      { a: 1 },
      { a: "1" },
      { b: 1 },
      { a: { b: 1 } },
      [1, 2],
      [2, 1],
      ["1,2"],
    ];
    expect(new Set(requests.map(fingerprint)).size).toBe(requests.length);
    const request = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));
    fc.assert(
      fc.property(request, request, (a, b) => {
        const same = canonicalJson(a) === canonicalJson(b);
        expect(fingerprint(a) === fingerprint(b)).toBe(same);
        expect(JSON.stringify(JSON.parse(canonicalJson(a)))).toBe(canonicalJson(a));
      }),
      { seed: 7 },
    );
  });

  it("is the hash of JSON in a fixed order, which stored fingerprints rely on", () => {
    const request = { b: [1, { z: -0, a: "é" }], a: undefined, "10": null, "9": true };
    expect(canonicalJson(request)).toBe('{"9":true,"10":null,"b":[1,{"a":"é","z":0}]}');
    const hash = createHash("sha256").update(canonicalJson(request), "utf8").digest("base64url");
    expect(fingerprint(request)).toBe(hash);
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`k${(index * 7) % 40}`, index]),
    );
    expect(Object.keys(JSON.parse(canonicalJson(many)))).toEqual(Object.keys(many).sort());
  });

  it("refuses what would count as something else", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const bad of [
      new Date(),
      new Map(),
      1n,
      Number.NaN,
      () => 1,
      cycle,
      undefined,
      JSON.parse('{"__proto__":1}'),
    ])
      thrown(() => fingerprint(bad), "invalid-input");
  });
});

describe("resolveLimits", () => {
  it("takes known limits that are positive whole numbers", () => {
    expect(resolveLimits({ idBytes: 5 }).idBytes).toBe(5);
    expect(Object.isFrozen(resolveLimits())).toBe(true);
    for (const bad of [{ idBytes: 0 }, { idBytes: 1.5 }, { idBytes: "9" }, { toString: 3 }, { idByte: 3 }]) {
      thrown(() => resolveLimits(bad as never), "invalid-input");
    }
  });
});

describe("paging", () => {
  /** A log that answers `read` from a list of results, and remembers what it was asked. */
  function scripted(results: readonly Partial<ReadResult>[]) {
    const asked: ReadOptions[] = [];
    const read = async (_address: unknown, options: ReadOptions = {}): Promise<ReadResult> => {
      asked.push(options);
      return {
        version: 9,
        revision: 1,
        removalRevision: 0,
        incarnation: "i",
        events: [],
        ...results[asked.length - 1],
      };
    };
    return { asked, log: { read } as unknown as EventLog };
  }
  const event = (seq: number) => ({ type: "x-a", body: seq, seq, recordedAt: 0 }) as const;
  const address = { tenant: "t", session: "s" };

  it("goes on at next, as of the first page's version, also over an empty page", async () => {
    const { asked, log } = scripted([
      { events: [event(5)], next: 5 },
      { next: 3 },
      { events: [event(1)], version: 12 },
    ]);
    const pages: number[][] = [];
    for await (const page of readAll(log, address, { direction: "backward", limit: 1 }))
      pages.push(page.map(({ seq }) => seq));
    expect(pages).toEqual([[5], [1]]);
    expect(asked.map(({ before, after, atVersion }) => [before, after, atVersion])).toEqual([
      [undefined, undefined, undefined],
      [5, undefined, 9],
      [3, undefined, 9],
    ]);
  });

  it("stops with history-lost when the session changes underneath", async () => {
    const { log } = scripted([{ events: [event(1)], next: 1 }, { incarnation: "another" }]);
    const all = (async () => {
      for await (const _ of readAll(log, address)) void _;
    })();
    await rejected(all, "history-lost");
  });

  it("reads the pages of any reader, with what they say of the log, empty ones too", async () => {
    const { log, asked } = scripted([{ next: 3 }, { events: [event(4)], version: 12 }]);
    const versions: number[] = [];
    for await (const page of readPages((options) => log.read(address, options), { limit: 1 }))
      versions.push(page.version);
    expect(versions).toEqual([9, 12]);
    expect(asked.map(({ after, atVersion }) => [after, atVersion])).toEqual([
      [undefined, undefined],
      [3, 9],
    ]);
  });

  it("keeps the version that its options name", async () => {
    const { log, asked } = scripted([{ next: 3 }, {}]);
    for await (const _ of readPages((options) => log.read(address, options), { atVersion: 5 })) void _;
    expect(asked.map(({ atVersion }) => atVersion)).toEqual([5, 5]);
  });

  it("lists every item of every page, empty pages among them", async () => {
    const pages = [{ items: [1, 2], cursor: "a" }, { items: [], cursor: "b" }, { items: [3] }];
    const cursors: (string | undefined)[] = [];
    const items: number[] = [];
    const list = async ({ cursor }: { readonly cursor?: string | undefined }) => {
      cursors.push(cursor);
      return pages[cursors.length - 1] ?? { items: [] };
    };
    for await (const item of allPages<number>(list)) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    expect(cursors).toEqual([undefined, "a", "b"]);
  });

  it("begins where the options that the page is spread over say", async () => {
    const asked: unknown[] = [];
    const list = async (options: { readonly cursor: string }) => {
      asked.push(options);
      return asked.length === 1 ? { items: [1], cursor: "later" } : { items: [2] };
    };
    const items: number[] = [];
    for await (const item of allPages((page) => list({ cursor: "start", ...page }))) items.push(item);
    expect(items).toEqual([1, 2]);
    expect(asked).toEqual([{ cursor: "start" }, { cursor: "later" }]);
  });
});
