import { createMemory, type Memory } from "@relevo/memory";
import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { traceMemory, traceStore } from "../../src/telemetry/index.ts";
import { collectTraces, type Traces } from "./traces.ts";

let traces: Traces;
let store: MemoryStore;
beforeEach(() => {
  traces = collectTraces();
  store = createMemoryStore({ sweepIntervalMs: 0 });
});
afterEach(async () => {
  traces[Symbol.dispose]();
  await store.close();
});

async function* pieces(): AsyncGenerator<string> {
  yield "Hel";
  yield "lo";
}

/** The objects of a memory, each opened anew: what one method leaves must not hinder the next. */
const objects = {
  tenant: (memory: Memory) => memory.tenant("acme"),
  session: (memory: Memory) => memory.tenant("acme").session(undefined, { subject: "u" }),
  turn: async (memory: Memory) => (await memory.tenant("acme").session().beginTurn()).session,
  openTurn: (memory: Memory) => memory.tenant("acme").session().beginTurn(),
  working: (memory: Memory) => memory.tenant("acme").session().working,
  sessionUser: (memory: Memory) => memory.tenant("acme").session(undefined, { subject: "u" }).user,
  sessionAgent: (memory: Memory) => memory.tenant("acme").session().agent("a"),
  agent: (memory: Memory) => memory.tenant("acme").agent("a"),
  notes: (memory: Memory) => memory.tenant("acme").agent("a").for("u"),
  user: (memory: Memory) => memory.tenant("acme").user("u"),
  retention: (memory: Memory) => memory.tenant("acme").retention([{ agents: { keep: 1 } }]),
  workspace: (memory: Memory) => memory.tenant("acme").workspace("w"),
  sharedWorkspace: (memory: Memory) => memory.tenant("acme").sharedWorkspace("other", "w"),
} as const;

/** Methods without a span of their own, and why. */
const unspanned: { readonly [name: string]: string } = {
  "tenant.session": "calls nothing; the session has spans",
  "tenant.agent": "calls nothing; the memory has spans",
  "tenant.retention": "calls nothing; its methods have spans",
  "tenant.user": "calls nothing; the memory has spans",
  "tenant.workspace": "calls nothing; the memory has spans",
  "tenant.sharedWorkspace": "calls nothing; the memory has spans",
  "workspace.as": "calls nothing; the memory has spans",
  "session.agent": "calls nothing; the memory has spans",
  "session.run": "is the caller's work",
  "session.withGuard": "is a write of another package, which has spans of its own",
  "turn.agent": "calls nothing; the memory has spans",
  "turn.run": "is the caller's work",
  "turn.withGuard": "is a write of another package, which has spans of its own",
  "turn.appendAtEnd": "calls nothing: the end of the turn appends it",
  "openTurn.run": "is the caller's work",
  "agent.for": "calls nothing; the memory has spans",
  "sessionAgent.for": "calls nothing; the memory has spans",
  "sessionUser.id": "is asked for inside of calls that have spans",
};

/** Arguments, for methods that say at once when they cannot do without. */
const args: { readonly [name: string]: readonly unknown[] } = { stream: [pieces()] };

describe.each(Object.entries(objects))("of %s each method", (name, open) => {
  it("has a span, or a reason for having none", async () => {
    const memory = traceMemory(createMemory({ store }));
    const without: string[] = [];
    const methods = methodsOf(await open(memory));
    expect(methods.length).toBeGreaterThan(1);
    for (const method of methods) {
      const object = await open(memory);
      traces.reset();
      // Most calls lack their arguments: a call that is refused has a span too.
      await called(object, method);
      if (traces.spans().length !== 1) without.push(`${name}.${method}`);
    }
    expect(without.sort()).toEqual(
      Object.keys(unspanned)
        .filter((one) => one.startsWith(`${name}.`))
        .sort(),
    );
  });
});

function methodsOf(object: object): readonly string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) if (name !== "constructor") names.add(name);
  return [...names].filter((name) => typeof Reflect.get(object, name) === "function");
}

async function called(object: object, name: string): Promise<void> {
  try {
    const result: unknown = Reflect.apply(Reflect.get(object, name), object, args[name] ?? []);
    if (isStream(result)) for await (const _ of result);
    else await result;
  } catch {
    // Its arguments are missing.
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

describe("a stream", () => {
  const open = () => traceMemory(createMemory({ store: traceStore(store) })).tenant("acme");

  it("has one span until its last piece, around what it writes", async () => {
    const session = open().session("chat");
    const stream = session.stream(pieces());
    expect(await stream.next()).toEqual({ done: false, value: "Hel" });
    expect(traces.spans()).toEqual([]);
    expect(await stream.next()).toEqual({ done: false, value: "lo" });
    expect(await stream.next()).toMatchObject({ done: true, value: { version: 1 } });
    const [own, ...below] = traces.spans();
    expect(own?.attributes).toMatchObject({
      "relevo.operation": "session.stream",
      "gen_ai.conversation.id": "chat",
      "relevo.stream.count": 2,
      "relevo.session.version": 1,
    });
    expect(below.map(({ name }) => name)).toContain("create_memory");
    const all = new Set(traces.spans().map((span) => span.spanContext().spanId));
    for (const { parentSpanContext } of below) expect(all).toContain(parentSpanContext?.spanId);
  });

  it("has a span also when it breaks, is left, or is refused", async () => {
    const session = open().session("chat");
    const broken = new TypeError("gone");
    async function* breaking(): AsyncGenerator<string> {
      yield "x";
      throw broken;
    }
    const read = async (): Promise<void> => {
      for await (const _ of session.stream(breaking()));
    };
    await expect(read()).rejects.toBe(broken);
    for await (const _ of session.stream(pieces())) break;
    const streams = traces.spans().filter(({ name }) => name === "relevo.session.stream");
    expect(
      streams.map(({ attributes }) => [attributes["error.type"], attributes["relevo.stream.count"]]),
    ).toEqual([
      ["TypeError", undefined],
      [undefined, 1],
    ]);
    expect((await session.messages()).map(({ content, partial }) => [content, partial])).toEqual([
      ["x", "failed"],
      ["Hel", "stopped"],
    ]);
    expect(() => session.stream("text" as never)).toThrow("async iterable");
  });

  it("of a person's data counts its lines, and is the same text", async () => {
    await store.log.append(
      { tenant: "acme", session: "chat" },
      [{ type: "message", body: { role: "user", content: "hi" } }],
      { init: { subject: "u" } },
    );
    const lines: string[] = [];
    for await (const line of open().user("u").export()) lines.push(JSON.parse(line).kind);
    expect(lines).toEqual(["relevo-export", "session", "event", "end"]);
    expect(traces.spans()[0]?.attributes).toMatchObject({
      "relevo.operation": "user.export",
      "relevo.user": "u",
      "relevo.stream.count": 4,
    });
  });
});
