import { readFile } from "node:fs/promises";
import type { MemoryError } from "@relevo/core";
import { describe, expect, it } from "vitest";
import type { ExportSelector, ImportOptions, Memory, TextSource } from "../../src/index.ts";
import { of } from "../erasure/opened.ts";
import { onlyPlot, other, person, plant } from "../erasure/plant.ts";
import {
  aborted,
  assistant,
  type Fixture,
  failure,
  oneStore,
  type TwoStoreFixture,
  texts,
  twoStores,
  user,
} from "../fixture.ts";

async function textOf(memory: Memory, selector: ExportSelector = {}, tenant = "acme"): Promise<string> {
  let text = "";
  for await (const line of memory.tenant(tenant).export(selector)) text += line;
  return text;
}

async function planted(open: () => Fixture | TwoStoreFixture = oneStore): Promise<Memory> {
  const { memory, stores } = of(open());
  await plant(memory, stores);
  return memory;
}

/** The text in pieces of a size that no line has. */
function* cut(text: string, size = 77): Generator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

function importInto(memory: Memory, source: TextSource, options?: ImportOptions) {
  return memory.tenant("acme").import(source, options);
}

const selectors: readonly ExportSelector[] = [
  {},
  { user: person },
  { session: "chat-1" },
  { workspace: "leads" },
];

describe("an export", () => {
  it.each(selectors)(
    "of %o is the same text after it was imported, and again after that",
    async (selector) => {
      const text = await textOf(await planted(), selector);
      let before = text;
      for (let round = 0; round < 2; round++) {
        const { memory } = oneStore();
        const report = await importInto(memory, cut(before));
        const lines = text.trimEnd().split("\n").length;
        const { sessions, events, operations, documents } = report.read;
        expect(sessions + events + operations + documents + 2).toBe(lines);
        const after = await textOf(memory, selector);
        expect(after).toBe(before);
        before = after;
      }
    },
  );

  it("of a person has a memory that comes from several sessions once, and none that comes from others", async () => {
    const { memory } = oneStore();
    const acme = memory.tenant("acme");
    for (const [id, subject] of [
      ["chat-1", person],
      ["chat-2", person],
      ["ana-chat", other],
    ] as const) {
      const session = acme.session(id, { subject });
      await session.append(user("hi"));
      await session.agent("clerk").update("all", (value) => `${value ?? ""} ${id}`, { tier: "durable" });
      if (subject === other) continue;
      await session.agent("clerk").update("own", (value) => `${value ?? ""} ${id}`, { tier: "durable" });
    }
    await acme.session("chat-1").delete();
    const lines = (await textOf(memory, { user: person })).trimEnd().split("\n");
    const documents = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "document");
    expect(documents.filter(({ key }) => key === "own")).toHaveLength(1);
    expect(documents.filter(({ key }) => key === "all")).toEqual([]);
  });

  it.each(["volatile", "durable"] as const)(
    "of two tiers goes back to where it came from, sessions %s",
    async (sessions) => {
      const text = await textOf(await planted(() => twoStores(sessions)));
      const copy = twoStores(sessions);
      await importInto(copy.memory, [text]);
      expect(await textOf(copy.memory)).toBe(text);
      // In one store too: the same data, which then says of no tier.
      const one = oneStore();
      await importInto(one.memory, [text]);
      expect((await textOf(one.memory)).split("\n")).toHaveLength(text.split("\n").length);
    },
  );

  it("brings everything back as it was, and a retry of an old request is still one", async () => {
    const original = await planted();
    const { memory } = oneStore();
    const report = await importInto(memory, [await textOf(original)]);
    expect(report).toMatchObject({ dryRun: false, of: { tenant: "acme" }, unchanged: 0, expired: 0 });
    const [before, after] = [original.tenant("acme"), memory.tenant("acme")];
    for (const { session, createdAt, updatedAt, incarnation, version } of (await before.sessions()).items) {
      expect(await after.session(session).head()).toMatchObject({
        createdAt,
        updatedAt,
        incarnation,
        version,
      });
      expect(await after.session(session).messages()).toEqual(await before.session(session).messages());
    }
    expect(await after.user(person).recall("both")).toEqual(await before.user(person).recall("both"));
    const again = { operationId: "op-chat-1" };
    const { replayed } = await after
      .session("chat-1")
      .append([user(`I am ${onlyPlot.canary}`), assistant(onlyPlot.canary)], again);
    expect(replayed).toBe(true);
    // What was erased there stays derived here: the erasure of the copy is whole.
    await after.user(person).erase();
    expect(await textOf(memory)).not.toContain(onlyPlot.canary);
    expect((await after.users()).items).toEqual([other]);
  });

  it("of many events, trimmed, retracted and erased ones among them, is the same text", async () => {
    const { memory } = oneStore();
    const session = memory.tenant("acme").session("long", { subject: "juan", ttlMs: 3_600_000 });
    for (let part = 0; part < 13; part++)
      await session.append(
        Array.from({ length: 100 }, (_, index) => user(`${part} ${index} ${"ñ".repeat(50)}`)),
        { operationId: `part-${part}` },
      );
    await session.undo(5);
    await session.append(user("after"));
    await session.retract({ seqs: [200, 201, 900] });
    await session.erase({ seqs: [300, 301, 302, 1001] });
    await session.undo(2);
    await session.trim({ beforeSeq: 150 });
    const text = await textOf(memory, { session: "long" });
    const copy = oneStore();
    await importInto(copy.memory, [text]);
    expect(await textOf(copy.memory, { session: "long" })).toBe(text);
    const restored = copy.memory.tenant("acme").session("long");
    expect(texts(await restored.messages())).toEqual(texts(await session.messages()));
    expect((await restored.head())?.expiresAt).toBeGreaterThan(0);
    expect((await copy.memory.tenant("acme").users()).items).toEqual(["juan"]);
    // A summary that was made before the erasure cannot be written to the copy.
    const head = await restored.head();
    const late = copy.store.log.append(
      { tenant: "acme", session: "long" },
      [{ type: "x-fact", body: "old words", derivedFrom: [{ from: 299, to: 303 }] }],
      { incarnation: head?.incarnation ?? "", removalRevision: 5 },
    );
    expect((await failure(late, "conflict")).details.conflict).toBe("removal");
  });

  it("takes a session as it was when its first page was read", async () => {
    const { memory } = oneStore();
    const session = memory.tenant("acme").session("busy");
    await session.append(Array.from({ length: 150 }, (_, index) => user(`${index}`)));
    const whole = await textOf(memory);
    let text = "";
    for await (const line of memory.tenant("acme").export()) {
      if (text.split("\n").length === 4) {
        await session.append(user("later"));
        await session.retract({ seqs: [120] });
      }
      text += line;
    }
    const copy = oneStore();
    await importInto(copy.memory, [text]);
    expect(texts(await copy.memory.tenant("acme").session("busy").messages())).toHaveLength(150);
    expect(text.split("\n").length).toBe(whole.split("\n").length);
    const trimmed = async (): Promise<void> => {
      let lines = 0;
      for await (const _ of memory.tenant("acme").export())
        if (++lines === 4) await session.trim({ beforeSeq: 140 });
    };
    expect(await failure(trimmed(), "conflict")).toMatchObject({ retryable: true });
  });

  it("says how far it is, and so does its import", async () => {
    const memory = await planted();
    const told: number[] = [];
    let text = "";
    for await (const line of memory.tenant("acme").export({}, { onProgress: (c) => told.push(c.sessions) }))
      text += line;
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(5);
    const read: number[] = [];
    await importInto(oneStore().memory, [text], { onProgress: ({ events }) => read.push(events) });
    expect(read.at(-1)).toBe(text.split("\n").filter((line) => line.startsWith('{"kind":"event"')).length);
  });

  it("made by the first version is still read", async () => {
    const text = await readFile(new URL("./export-v1.jsonl", import.meta.url), "utf8");
    const { memory } = oneStore();
    await importInto(memory, [text]);
    expect(await textOf(memory)).toBe(text);
    const juan = memory.tenant("acme").session("chat-1");
    expect(texts(await juan.messages())).toContain("Hola, me llamo Juan");
    expect(await memory.tenant("acme").user("juan").recall("language")).toBe("es");
    expect(await memory.tenant("acme").agent("planner").performance()).toMatchObject({ total: 1 });
  });
});

describe("an import", () => {
  it("can be repeated, and continues a copy that was left behind", async () => {
    const original = await planted();
    const first = await textOf(original);
    const { memory } = oneStore();
    await importInto(memory, [first]);
    expect((await importInto(memory, [first])).unchanged).toBeGreaterThan(10);
    expect(await textOf(memory)).toBe(first);
    await original.tenant("acme").session("chat-1").append(user("more"));
    await original.tenant("acme").session("new").append(user("new"));
    await original.tenant("acme").user(person).remember("durable", "newer");
    const second = await textOf(original);
    await importInto(memory, [second]);
    expect(await textOf(memory)).toBe(second);
    await memory.tenant("acme").session("chat-1").append(user("goes on"));
  });

  it("that ended anywhere is continued by another, and half a session can not be written", async () => {
    const original = await planted();
    const text = await textOf(original);
    const lines = text.split("\n");
    const { memory, store } = oneStore();
    for (let count = 1; count < lines.length - 1; count += 7) {
      const part = lines.slice(0, count).map((line) => `${line}\n`);
      const error = await failure(importInto(memory, part), "corrupt");
      expect(error.details).toMatchObject({ line: count + 1, cut: true });
      for (const { session, sealed, version } of (await store.log.list("acme")).items) {
        const whole = await original.tenant("acme").session(session).head();
        if (version !== whole?.version) expect(sealed).toBe(true);
      }
    }
    await importInto(memory, [text]);
    expect(await textOf(memory)).toBe(text);
    expect((await store.log.list("acme")).items.some(({ sealed }) => sealed)).toBe(false);
  });

  it("of a text that was changed anywhere says where, and writes nothing of that line", async () => {
    const selector = { session: "chat-1" };
    const text = await textOf(await planted(), selector);
    const lines = text.split("\n").slice(0, -1);
    const changes: readonly (readonly [string, (at: number) => readonly string[], number])[] = [
      ["a word", (at) => lines.with(at, (lines[at] ?? "").replace('"kind"', '"kynd"')), 0],
      ["a line less", (at) => lines.toSpliced(at, 1), 0],
      ["a line twice", (at) => lines.toSpliced(at, 0, lines[at] ?? ""), 1],
      [
        "two lines the other way round",
        (at) => lines.with(at, lines[at + 1] ?? "").with(at + 1, lines[at] ?? ""),
        0,
      ],
      ["no checksum", (at) => lines.with(at, `${(lines[at] ?? "").replace(/,"sum":"[^"]+"\}$/u, "}")}`), 0],
      ["half a line", (at) => lines.with(at, (lines[at] ?? "").slice(0, 30)), 0],
      ["no JSON", (at) => lines.with(at, "no JSON"), 0],
      ["an empty line", (at) => lines.toSpliced(at, 0, ""), 0],
    ];
    for (const [name, change, later] of changes) {
      for (const at of [0, 5, lines.length - 2]) {
        const changed = change(at);
        if (changed.join("\n") === lines.join("\n")) continue;
        const { memory, store } = oneStore();
        const before = JSON.stringify((await store.log.list("acme")).items);
        const source = changed.map((line) => `${line}\n`);
        const error: MemoryError = await failure(importInto(memory, source, { dryRun: true }), "corrupt");
        expect(error.details.line, `${name} at ${at}`).toBe(at + 1 + later);
        expect(JSON.stringify((await store.log.list("acme")).items)).toBe(before);
        await failure(importInto(memory, source), "corrupt");
        if (at <= 1) expect(JSON.stringify((await store.log.list("acme")).items)).toBe(before);
        // The whole text repairs what is there.
        await importInto(memory, [text]);
        expect(await textOf(memory, selector)).toBe(text);
      }
    }
  });

  it("refuses what it cannot read, before anything is changed", async () => {
    const memory = await planted();
    const text = await textOf(memory);
    const fresh = oneStore();
    const later = text.replace('"version":1', '"version":2');
    const error = await failure(importInto(fresh.memory, [later]), "unsupported");
    expect(error.message).toContain("Update");
    await failure(importInto(fresh.memory, []), "corrupt");
    await failure(importInto(fresh.memory, [""]), "corrupt");
    await failure(importInto(fresh.memory, ["{}\n"]), "corrupt");
    await failure(importInto(fresh.memory, [new Uint8Array([0xff, 0xfe, 10])]), "corrupt");
    await failure(importInto(fresh.memory, [7 as never]), "invalid-input");
    await failure(importInto(fresh.memory, undefined as never), "invalid-input");
    await failure(importInto(fresh.memory, [text], { from: "other" }), "invalid-input");
    await failure(importInto(fresh.memory, [text], { onProgress: 1 as never }), "invalid-input");
    await failure(importInto(fresh.memory, [text], aborted()), "aborted");
    await failure(fresh.memory.tenant("globex").import([text]), "invalid-input");
    expect((await fresh.memory.tenant("acme").sessions()).items).toEqual([]);
    await failure(importInto(fresh.memory, [`${text}${text}`]), "corrupt");
    const globex = fresh.memory.tenant("globex");
    expect((await globex.import([text], { from: "acme" })).of.tenant).toBe("acme");
    expect((await globex.sessions()).items).toHaveLength(5);
    const acme = memory.tenant("acme");
    expect(() => acme.export({ user: "a", session: "b" } as never)).toThrow("or nothing");
    expect(() => acme.export({ user: undefined } as never)).toThrow("undefined");
    expect(() => acme.export({}, { onProgress: "x" as never })).toThrow("function");
    expect((await textOf(memory, { session: "nobody" })).split("\n")).toHaveLength(3);
  });

  it("does not overwrite what is here in another or newer form", async () => {
    const original = await planted();
    const text = await textOf(original);
    const { memory } = oneStore();
    await memory.tenant("acme").session("chat-1").append(user("another session of the same id"));
    expect((await failure(importInto(memory, [text]), "conflict")).details.conflict).toBe("incarnation");
    expect(texts(await memory.tenant("acme").session("chat-1").messages())).toEqual([
      "another session of the same id",
    ]);
    // Newer here: the import says so, and the session goes on.
    const copy = oneStore();
    await importInto(copy.memory, [text]);
    await copy.memory.tenant("acme").user(person).remember("durable", "newer here");
    await copy.memory.tenant("acme").session("chat-1").append(user("newer here"));
    expect((await failure(importInto(copy.memory, [text]), "conflict")).details.conflict).toBe("import");
    expect(await copy.memory.tenant("acme").user(person).recall("durable")).toBe("newer here");
    await original
      .tenant("acme")
      .session("chat-1")
      .append([user("1"), user("2"), user("3")]);
    const forked = await failure(importInto(copy.memory, [await textOf(original)]), "conflict");
    expect(forked.details.conflict).toBe("import");
    await copy.memory.tenant("acme").session("chat-1").append(user("goes on"));
  });

  it("waits until the person's erasure has ended", async () => {
    const original = await planted();
    const text = await textOf(original, { user: person });
    const { memory, store } = oneStore();
    const marker = { tenant: "acme", namespace: ["relevo:erasing", person], key: "erasure" };
    await store.documents.put(marker, { value: { erasure: "1", running: true } });
    expect((await failure(importInto(memory, [text]), "conflict")).details.conflict).toBe("erasure");
    expect((await memory.tenant("acme").sessions()).items).toEqual([]);
    await store.documents.delete(marker);
    await importInto(memory, [text]);
    expect((await memory.tenant("acme").user(person).sessions()).items.length).toBeGreaterThan(1);
  });
});
