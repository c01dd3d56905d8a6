import type { ContentPart, ToolCallPart } from "@relevo/core";
import { describe, expect, it } from "vitest";
import type { AnswerPiece, Session } from "../src/index.ts";
import { newest as newestMessages } from "./cache/shown-views.ts";
import { failure, oneStore, pieces, texts, user } from "./fixture.ts";

const broken = new Error("the model went away");

async function collect(stream: AsyncIterable<AnswerPiece>): Promise<readonly AnswerPiece[]> {
  const all: AnswerPiece[] = [];
  for await (const piece of stream) all.push(piece);
  return all;
}

function open(): Session {
  return oneStore().memory.tenant("acme").session("chat");
}

describe("a streamed answer", () => {
  it("is passed on piece by piece and appended whole", async () => {
    const session = open();
    const seen: unknown[] = [];
    const stream = session.stream(pieces("Ho", "la", "!"), {
      agent: "w",
      id: "m1",
      metadata: { model: "x" },
    });
    for (;;) {
      const next = await stream.next();
      if (next.done === true) {
        expect(next.value).toMatchObject({ firstSeq: 1, version: 1 });
        break;
      }
      seen.push(next.value);
      expect(await session.messages()).toEqual([]);
    }
    expect(seen).toEqual(["Ho", "la", "!"]);
    expect(await session.messages()).toEqual([
      {
        role: "assistant",
        content: "Hola!",
        id: "m1",
        agent: "w",
        metadata: { model: "x" },
        at: expect.any(Number),
        seq: 1,
      },
    ]);
  });

  it("joins text and keeps parts", async () => {
    const session = open();
    const call: ToolCallPart = { type: "tool-call", toolCallId: "c", toolName: "t", input: {} };
    const reasoning: ContentPart = { type: "reasoning", text: "hm" };
    await collect(
      session.stream(pieces<AnswerPiece>(reasoning, "a", "b", { type: "text", text: "c" }, "d", call)),
    );
    expect((await session.messages())[0]?.content).toEqual([
      reasoning,
      { type: "text", text: "ab" },
      { type: "text", text: "c" },
      { type: "text", text: "d" },
      call,
    ]);
  });

  it("that breaks is kept as partial, once and marked", async () => {
    const session = open();
    await session.append(user("hi"));
    const stream = session.stream(pieces<string>("half an ", "answ", broken));
    const got: unknown[] = [];
    await expect(
      (async () => {
        for await (const piece of stream) got.push(piece);
      })(),
    ).rejects.toBe(broken);
    expect(got).toEqual(["half an ", "answ"]);
    expect(await session.messages()).toMatchObject([
      { content: "hi" },
      { content: "half an answ", partial: "failed" },
    ]);
    expect((await session.messages())[0]).not.toHaveProperty("partial");
  });

  it("that the consumer stops is kept as partial", async () => {
    const session = open();
    let closed = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield "x";
      } finally {
        closed = true;
      }
    }
    let count = 0;
    for await (const _ of session.stream(endless())) if (++count === 3) break;
    expect(await session.messages()).toMatchObject([{ content: "xxx", partial: "stopped" }]);
    expect(closed).toBe(true);
  });

  it("that its signal ends is kept as partial, also while the source hangs", async () => {
    const session = open();
    const stop = new AbortController();
    async function* hanging(): AsyncGenerator<string> {
      yield "x";
      await new Promise(() => undefined);
    }
    const stream = session.stream(hanging(), { signal: stop.signal });
    await stream.next();
    const next = stream.next();
    stop.abort(new Error("enough"));
    await failure(next, "aborted");
    expect(await session.messages()).toMatchObject([{ content: "x", partial: "aborted" }]);
  });

  it("of which nothing has arrived leaves nothing", async () => {
    const session = open();
    expect(await collect(session.stream(pieces<string>()))).toEqual([]);
    expect(await collect(session.stream(pieces<string>("")))).toEqual([""]);
    await expect(collect(session.stream(pieces<string>(broken)))).rejects.toBe(broken);
    expect(await session.head()).toBeUndefined();
  });

  it("is cut between whole characters", async () => {
    const session = open();
    const [high = "", low = ""] = "😀";
    await collect(session.stream(pieces<string>("a", "😀".charAt(0), "😀".charAt(1)))).catch(() => undefined);
    await collect(session.stream(pieces<string>("b", "😀".charAt(0), broken))).catch(() => undefined);
    expect(texts(await session.messages())).toEqual(["a😀", "b"]);
    expect(high + low).not.toBe("");
  });

  it("replaces the partial one of an earlier try, and stands against later ones", async () => {
    const session = open();
    const tried = (...given: (string | Error)[]): Promise<unknown> =>
      collect(session.stream(pieces<string>(...given), { operationId: "a1" })).catch(() => "broke");
    expect(await tried("first ha", broken)).toBe("broke");
    expect(await tried("second ha", broken)).toBe("broke");
    expect(await session.messages()).toMatchObject([{ content: "first ha", partial: "failed" }]);
    await tried("the answer");
    await tried("in other words");
    expect(await session.messages()).toMatchObject([{ content: "the answer" }]);
    expect(await session.messages()).toHaveLength(1);
  });

  it("keeps what came before a piece that is none", async () => {
    const session = open();
    for (const bad of [7, null, { type: "robot" }, { type: "tool-result", output: 1 }])
      await failure(collect(session.stream(pieces<never>("x" as never, bad as never))), "invalid-input");
    expect(texts(await session.messages())).toEqual(["x", "x", "x", "x"]);
  });

  it("that no log would take is refused at that piece, and what came before it is kept", async () => {
    const call: ToolCallPart = { type: "tool-call", toolCallId: "c", toolName: "t", input: {} };
    const cut: readonly (readonly [string, ...AnswerPiece[]])[] = [
      ["a", "a", "b\0"],
      ["a", "a", "\ud83d", "b"],
      ["a", "a", "b\udc00b"],
      ["a", "a\ud83d"], // The end of the answer.
      ["a", "a\ud83d", call],
    ];
    for (const [kept, ...all] of cut) {
      const session = open();
      await failure(collect(session.stream(pieces(...all))), "invalid-input");
      expect(await session.messages()).toMatchObject([{ content: kept, partial: "failed" }]);
    }
    const session = open();
    await collect(session.stream(pieces("a\ud83d", "\ude00", "")));
    expect(texts(await session.messages())).toEqual(["a😀"]);
  });

  it.each([undefined, null, "text", 7, {}, ["a"]])("refuses %j in place of a stream", (bad) => {
    expect(() => open().stream(bad as never)).toThrow("async iterable");
  });

  it("reports a partial answer that could not be kept, and throws the failure of the source", async () => {
    const { memory, store, errors } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.append(user("hi"));
    const stream = session.stream(pieces<string>("half", broken));
    await stream.next();
    await store.log.delete(session.address);
    await expect(stream.next()).rejects.toBe(broken);
    expect(errors).toMatchObject([{ code: "history-lost" }]);
  });
});

describe("a streamed answer in a turn", () => {
  const asks = { operationId: "r1" };

  it("is recorded with the result, in one append", async () => {
    const session = open();
    await session.turn(async (turn) => {
      await turn.append(user("hi"));
      const got = await collect(turn.stream(pieces("an", "swer"), { atEnd: true }));
      expect(await turn.messages()).toHaveLength(1);
      return got.join("");
    }, asks);
    expect(texts(await session.messages())).toEqual(["hi", "answer"]);
    expect((await session.head())?.version).toBe(3);
    await failure(collect(session.stream(pieces("x"), { atEnd: true })), "invalid-input");
  });

  it("that breaks stays until the turn runs again", async () => {
    const session = open();
    const run = (...given: (string | Error)[]): Promise<unknown> =>
      session.turn(async (turn) => {
        await turn.append(user("hi"));
        return (await collect(turn.stream(pieces<string>(...given), { operationId: "answer" }))).join("");
      }, asks);
    await expect(run("ha", broken)).rejects.toBe(broken);
    expect(await session.messages()).toMatchObject([{ content: "hi" }, { content: "ha", partial: "failed" }]);
    expect(await run("answer")).toBe("answer");
    expect(texts(await session.messages())).toEqual(["hi", "answer"]);
  });

  it("may be tried again inside the turn", async () => {
    const session = open();
    const result = await session.turn(async (turn) => {
      await turn.append(user("hi"));
      const options = { operationId: "answer" };
      await collect(turn.stream(pieces<string>("ha", broken), options)).catch(() => undefined);
      return (await collect(turn.stream(pieces("answer"), options))).join("");
    }, asks);
    expect(result).toBe("answer");
    expect(texts(await session.messages())).toEqual(["hi", "answer"]);
  });
});

describe("views", () => {
  it("show a partial answer or leave it out, by option", async () => {
    const session = open();
    for (let index = 0; index < 70; index++) {
      await session.append(user(`${index}`));
      await collect(session.stream(pieces<string>("half", broken))).catch(() => undefined);
    }
    const shown = await session.view();
    expect(shown.messages).toHaveLength(140);
    expect(shown.compacted).toBe(false);
    const hidden = await session.view({ partial: "hide" });
    expect(texts(hidden.messages)).toEqual(Array.from({ length: 70 }, (_, index) => String(index)));
    expect(hidden.compacted).toBe(true);
    expect(hidden.dropped).toHaveLength(70);
    expect(hidden.dropped[0]).toEqual({ from: 2, to: 2, reason: "partial" });
    // A strategy that reads in small steps gets as many messages as it asks for.
    const newest = await session.view({ partial: "hide", strategy: newestMessages(10) });
    expect(texts(newest.messages)).toEqual(Array.from({ length: 10 }, (_, index) => String(60 + index)));
    await failure(session.view({ partial: "maybe" as never }), "invalid-input");
  });
});
