import { setImmediate } from "node:timers/promises";
import type { SearchChange, SearchReading, SearchRequest } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { createSearchIndex, type InProcessSearchIndex } from "../src/index.ts";

function change(session: string, from: number, to: number, more: Partial<SearchChange> = {}): SearchChange {
  return {
    stream: { kind: "session", session, incarnation: "i" },
    revision: 3,
    items: Array.from({ length: to - from }, (_, place) => ({
      position: from + place,
      terms: [
        [`word${(from + place) % 7}`, 1, 2],
        ["común", 3, 0],
      ],
      at: 1000 + place,
      marks: 5,
      times: [1, 2],
      names: ["delft"],
      speaker: "nora",
      agent: "a",
      metadata: { n: place },
      ...(place % 2 === 0 ? { vector: [Math.sin(from + place), 2, 3] } : {}),
    })),
    ...more,
  };
}

async function filled(): Promise<InProcessSearchIndex> {
  const index = createSearchIndex();
  await index.write("acme", change("long", 0, 300));
  await index.write(
    "acme",
    change("short", 0, 3, { language: "es", subject: "u", progress: { through: 9 } }),
  );
  await index.write("acme", change("empty", 0, 0));
  await index.write("acme", {
    stream: { kind: "document", namespace: ["kb"], key: "k" },
    revision: 7,
    items: [{ position: 0, terms: [["text", 1, 0]], at: 5, marks: 0, value: { a: [1] } }],
  });
  await index.mark("acme", { cursor: "c" });
  return index;
}

/** Everything that a reading can show of the words of these. */
const request: SearchRequest = {
  terms: ["word1", "común", "text", "none"],
  speakers: ["nora"],
  times: [2, 2],
  vector: [0.5, 2, 3],
  nearest: 50,
};

function shown(reading: SearchReading): unknown {
  return {
    totals: [reading.items, reading.streams, reading.length],
    postings: reading.postings.map((list) => list && [list.holders, [...list.items.subarray(0, list.count)]]),
    nearest: reading.nearest && [[...reading.nearest.items], [...reading.nearest.cosines]],
    dated: [...reading.dated],
    sources: Array.from({ length: reading.size }, (_, item) => [
      reading.source(item),
      reading.position(item),
    ]),
    columns: [reading.lengths, reading.at, reading.marks, reading.next].map((one) => [
      ...one.subarray(0, reading.size),
    ]),
  };
}

async function bytesOf(index: InProcessSearchIndex, tenant = "acme"): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of index.snapshot(tenant)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* cut(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

describe("a snapshot", () => {
  it("restores an index that reads as the first one, however its bytes are cut", async () => {
    const index = await filled();
    const bytes = await bytesOf(index);
    for (const length of [bytes.length, 1000, 19]) {
      const restored = createSearchIndex({ quantized: true });
      await restored.write("acme", change("old", 0, 5));
      await restored.restore("acme", cut(bytes, length));
      expect(await restored.read("acme", request, shown)).toEqual(await index.read("acme", request, shown));
      expect(await restored.state("acme")).toEqual(await index.state("acme"));
      expect(await restored.streams("acme", { all: true })).toEqual(
        await index.streams("acme", { all: true }),
      );
      expect(await bytesOf(restored)).toEqual(bytes);
    }
  });

  it("of nothing restores nothing", async () => {
    const restored = await filled();
    await restored.restore("acme", [await bytesOf(createSearchIndex())]);
    expect(await restored.state("acme")).toEqual({ items: 0, languages: {} });
  });

  it("has each stream as of one moment", async () => {
    const index = await filled();
    const chunks: Uint8Array[] = [];
    for await (const chunk of index.snapshot("acme")) {
      chunks.push(chunk);
      await index.write("acme", { ...change("long", 0, 0), revision: 4 });
      await index.remove("acme", { session: "short" });
    }
    const restored = createSearchIndex();
    await restored.restore("acme", chunks);
    const { items } = await restored.streams("acme", { session: "long" });
    expect([0, 300]).toContain(items[0]?.items);
    expect(items[0]?.revision).toBe(items[0]?.items === 0 ? 4 : 3);
  });

  it("of a stream that is written all the time is of one moment, and comes to its end", async () => {
    const index = createSearchIndex();
    const version = (at: number): SearchChange => {
      const { items, ...rest } = change("busy", 0, 600);
      return { ...rest, items: items.map((item) => ({ ...item, at })) };
    };
    await index.write("acme", version(0));
    let isDone = false;
    const writing = (async () => {
      for (let at = 1; !isDone; at++) {
        await index.write("acme", version(at));
        await setImmediate();
      }
    })();
    const restored = createSearchIndex();
    await restored.restore("acme", index.snapshot("acme"));
    isDone = true;
    await writing;
    const times = await restored.read("acme", request, ({ at, size }) => new Set(at.subarray(0, size)));
    expect(times.size).toBe(1);
    expect((await restored.state("acme")).items).toBe(600);
  });

  it("that is damaged anywhere, cut or of another version is refused, and the index stays as it was", async () => {
    const index = await filled();
    const bytes = await bytesOf(index);
    const small = createSearchIndex();
    await small.write("acme", change("s", 0, 1));
    const short = await bytesOf(small);
    const before = await index.read("acme", request, shown);
    const refused = async (damaged: Uint8Array, code: string): Promise<void> => {
      await expect(index.restore("acme", [damaged])).rejects.toMatchObject({ code });
    };
    for (let at = 0; at < short.length; at += 3) {
      await refused(short.subarray(0, at), "corrupt");
      const flipped = Buffer.from(short);
      flipped[at] = (flipped[at] ?? 0) ^ 0x40;
      await expect(index.restore("acme", [flipped])).rejects.toMatchObject({
        // A flipped digit of the version is another version.
        code: expect.stringMatching(/^(corrupt|unsupported|invalid-input)$/),
      });
    }
    await refused(
      Buffer.from(bytes.toString("latin1").replace("format 1", "format 2"), "latin1"),
      "unsupported",
    );
    await refused(Buffer.from("a,b\n1,2\n".repeat(100)), "corrupt");
    await refused(new Uint8Array(0), "corrupt");
    const line = short.indexOf("\n") + 1;
    await refused(Buffer.concat([short.subarray(0, line), Buffer.alloc(8, 0xff)]), "corrupt");
    await expect(index.restore("acme", ["text"] as never)).rejects.toMatchObject({ code: "corrupt" });
    await expect(index.restore("acme", 5 as never)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(index.restore("other", [bytes])).rejects.toThrow("snapshot is of another tenant.");
    expect(await index.read("acme", request, shown)).toEqual(before);
  });

  it("closes the stream that it does not read to its end", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from("no snapshot at all, and no end");
      } finally {
        closed = true;
      }
    }
    await expect(createSearchIndex().restore("acme", source())).rejects.toMatchObject({ code: "corrupt" });
    expect(closed).toBe(true);
  });
});
