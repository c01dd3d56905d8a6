import { createManualClock, type JsonValue, type ViewStrategy } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, currentSession, type Session, type TurnSession } from "../src/index.ts";
import { assistant, elsewhere, failure, oneStore, texts, user } from "./fixture.ts";

const asks = { operationId: "request-1", request: { text: "hi" } } as const;

const whole: ViewStrategy = {
  name: "whole",
  view: async (source) => ({
    messages: [],
    seqs: (await source.readBackward({ limit: 100 })).map(({ seq }) => seq),
    version: source.version,
    removalRevision: source.removalRevision,
    compacted: false,
    dropped: [],
    summarized: [],
  }),
};

/** A turn as an application writes it; counts how often the model is asked. */
function chat(
  session: Session,
  options: object = asks,
): { readonly answer: Promise<string>; readonly asked: () => number } {
  let asked = 0;
  const answer = session.turn(async (turn) => {
    await turn.append(user("hi"), { operationId: "question" });
    const { messages } = await turn.view();
    asked++;
    turn.appendAtEnd(assistant(`answer to ${messages.length}`), { agent: "writer" });
    return `answer to ${messages.length}`;
  }, options);
  return { answer, asked: () => asked };
}

async function crash(session: Session, work: (turn: TurnSession) => Promise<unknown>): Promise<void> {
  const crashing = session.turn(async (turn) => {
    await work(turn);
    throw new Error("crash");
  }, asks);
  await expect(crashing).rejects.toThrow("crash");
}

describe("a recorded turn", () => {
  it("runs once: the same request gets the recorded result", async () => {
    const acme = oneStore().memory.tenant("acme");
    expect(await chat(acme.session("chat")).answer).toBe("answer to 1");
    const again = chat(acme.session("chat"));
    expect(await again.answer).toBe("answer to 1");
    expect(again.asked()).toBe(0);
    expect(texts(await acme.session("chat").messages())).toEqual(["hi", "answer to 1"]);
    const { events } = await acme.session("chat").events();
    expect(events.map(({ type, metadata }) => [type, metadata])).toEqual([
      ["message", { "relevo:turn": "request-1" }],
      ["message", { "relevo:turn": "request-1" }],
      ["x-relevo-turn", { "relevo:turn": "request-1" }],
    ]);
    expect(events[1]).toMatchObject({ agent: "writer", body: { agent: "writer" } });
  });

  it("appends the answer and the result in one step", async () => {
    const { memory, store } = oneStore();
    const appends: number[] = [];
    const log = new Proxy(store.log, {
      get: (target, name) =>
        name === "append"
          ? (...args: Parameters<typeof target.append>) => {
              appends.push(args[1].length);
              return target.append(...args);
            }
          : Reflect.get(target, name),
    });
    const counted = createMemory({ store: { ...store, log, limits: store.limits } });
    await chat(counted.tenant("acme").session("chat")).answer;
    // Its start, the question, the answer with the result.
    expect(appends).toEqual([0, 1, 2]);
    expect(memory).toBeDefined();
  });

  it("is joined by the same request that comes while it runs", async () => {
    const acme = oneStore().memory.tenant("acme");
    const calls = Array.from({ length: 5 }, () => chat(acme.session("chat")));
    expect(await Promise.all(calls.map(({ answer }) => answer))).toEqual(Array(5).fill("answer to 1"));
    expect(calls.reduce((sum, { asked }) => sum + asked(), 0)).toBe(1);
  });

  it("is a conflict under its id for another request, also when it has not ended", async () => {
    const acme = oneStore().memory.tenant("acme");
    await crash(acme.session("chat"), async () => undefined);
    const other = { operationId: "request-1", request: { text: "bye" } };
    const early = await failure(chat(acme.session("chat"), other).answer, "conflict");
    expect(early.details).toMatchObject({ conflict: "operation", operation: "request-1" });
    await chat(acme.session("chat")).answer;
    const late = await failure(chat(acme.session("chat"), other).answer, "conflict");
    expect(late.details).toMatchObject({ conflict: "operation", operation: "request-1" });
    expect(texts(await acme.session("chat").messages())).toHaveLength(2);
  });

  it("leaves no half answer when it runs again after a crash, however often", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("before"));
    for (let crashes = 0; crashes < 3; crashes++) {
      await crash(acme.session("chat"), async (turn) => {
        await turn.append(user("hi"), { operationId: "question" });
        await turn.append(assistant("half"));
        turn.appendAtEnd(assistant("never"));
      });
      await acme.session("chat").append(user(`between ${crashes}`));
    }
    expect(await chat(acme.session("chat")).answer).toBe("answer to 5");
    expect(texts(await acme.session("chat").messages())).toEqual([
      "before",
      "between 0",
      "between 1",
      "between 2",
      "hi",
      "answer to 5",
    ]);
  });

  it("keeps what a retraction leaves alone once: executions and working memory", async () => {
    const acme = oneStore().memory.tenant("acme");
    const work = async (turn: Session): Promise<unknown> => {
      const { replayed } = await turn.recordExecution({ output: 1 }, { operationId: "tool" });
      await turn.append({ type: "x-note", body: 1 }, { operationId: "note" });
      await turn.working.remember("step", 1);
      return replayed;
    };
    await crash(acme.session("chat"), work);
    expect(await acme.session("chat").turn(work, asks)).toBe(true);
    const { events } = await acme.session("chat").events();
    expect(events.map(({ type }) => type)).toEqual(["execution", "x-note", "x-relevo-turn"]);
  });

  it("does not take a message twice when it undoes under an operation id and runs again", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append([user("1"), assistant("2"), user("3")]);
    const work = (turn: Session): Promise<unknown> => turn.undo(1, { operationId: "undo" });
    await crash(acme.session("chat"), work);
    await acme.session("chat").turn(work, asks);
    expect(texts(await acme.session("chat").messages())).toEqual(["1", "2"]);
  });

  it.each<[string, JsonValue | undefined]>([
    ["undefined", undefined],
    ["null", null],
    ["an object", { a: [1, "x", { b: false }] }],
  ])("records %s", async (_, result) => {
    const acme = oneStore().memory.tenant("acme");
    expect(await acme.session("chat").turn(async () => result, asks)).toEqual(result);
    expect(await acme.session("chat").turn(async () => "other" as JsonValue, asks)).toEqual(result);
  });

  it.each([
    ["a function", () => 1, "invalid-input"],
    ["a map", new Map(), "invalid-input"],
    ["NaN", { deep: [Number.NaN] }, "invalid-input"],
    ["a lone surrogate", "\ud800", "invalid-input"],
    ["too much", "x".repeat(300_000), "too-large"],
  ] as const)("refuses %s as result before it writes the end", async (_, result, code) => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const turn = session.turn(async (inner) => {
      inner.appendAtEnd(assistant("answer"));
      return result as unknown;
    }, asks);
    const error = await failure(turn, code);
    expect(error.details.field).toMatch(/^result/u);
    expect(await session.messages()).toEqual([]);
    expect(await session.turn(async () => "ok", asks)).toBe("ok");
  });

  it("keeps a result that is longer than usual when it may", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const result = "x".repeat(300_000);
    expect(await session.turn(async () => result, { ...asks, maxResultBytes: 400_000 })).toBe(result);
  });

  it("answers a recorded result while another turn runs", async () => {
    const acme = oneStore().memory.tenant("acme");
    await chat(acme.session("chat")).answer;
    await acme.session("chat").turn(async () => {
      const again = elsewhere(() => chat(acme.session("chat"), { ...asks, whenBusy: "refuse" }).answer);
      expect(await again).toBe("answer to 1");
      const other = elsewhere(() =>
        acme.session("chat").turn(async () => 1, { operationId: "2", whenBusy: "refuse" }),
      );
      expect((await failure(other, "conflict")).details.conflict).toBe("lease");
    });
  });

  it("takes over from a turn that hangs, which then changes nothing", async () => {
    const acme = oneStore().memory.tenant("acme");
    const { promise, resolve } = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const hangs = acme.session("chat").turn(async (turn) => {
      await turn.append(user("hangs"));
      started.resolve();
      await promise;
      turn.appendAtEnd(assistant("late"));
      return "late";
    }, asks);
    await started.promise;
    expect(await chat(acme.session("chat"), { ...asks, whenBusy: "take-over" }).answer).toBe("answer to 1");
    resolve();
    expect(await hangs).toBe("answer to 1");
    expect(texts(await acme.session("chat").messages())).toEqual(["hi", "answer to 1"]);
  });

  it("records nothing when another turn has taken over", async () => {
    const acme = oneStore().memory.tenant("acme");
    const hangs = acme.session("chat").turn(async (turn) => {
      await elsewhere(() => acme.session("chat").turn(async () => 1, { whenBusy: "take-over" }));
      turn.appendAtEnd(assistant("late"));
      return "late";
    }, asks);
    expect((await failure(hangs, "conflict")).details.conflict).toBe("fence");
    expect(await chat(acme.session("chat")).answer).toBe("answer to 1");
  });

  it("is erased with what it saw, and says so", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("secret"));
    await chat(acme.session("chat")).answer;
    await acme.session("chat").erase({ seqs: [1] });
    const { events } = await acme.session("chat").events();
    expect(events.filter(({ erasedAt }) => erasedAt !== undefined).map(({ seq }) => seq)).toEqual([1, 4]);
    const error = await failure(chat(acme.session("chat")).answer, "not-found");
    expect(error.details.operation).toBe("request-1");
  });

  it("is erased with its own answer", async () => {
    const acme = oneStore().memory.tenant("acme");
    await chat(acme.session("chat")).answer;
    expect(await acme.session("chat").erase({ seqs: [2] })).toMatchObject({ erased: [2, 3] });
  });

  it("is not recorded when something that it saw was removed meanwhile", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("secret"));
    const turn = acme.session("chat").turn(async (inner) => {
      const { messages } = await inner.view();
      await elsewhere(() => acme.session("chat").erase({ seqs: [1] }));
      return messages[0]?.content as string;
    }, asks);
    expect((await failure(turn, "conflict")).details.conflict).toBe("removal");
    expect(await chat(acme.session("chat")).answer).toBe("answer to 1");
  });

  it("may take out itself what it has seen", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append([user("1"), assistant("2"), assistant("3")]);
    const result = await acme.session("chat").turn(async (turn) => {
      await turn.view();
      await turn.popMessage();
      await turn.popMessage();
      turn.appendAtEnd(assistant("better"));
      return "better";
    }, asks);
    expect(result).toBe("better");
    expect(texts(await acme.session("chat").messages())).toEqual(["1", "better"]);
    // What it took out led to the answer, so it is still followed by an erasure.
    expect((await acme.session("chat").erase({ seqs: [3] })).erased).toEqual([3, 7]);
  });

  it("may take out what it saw also where something was removed before it began", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    await acme.session("chat").append([user("0"), user("1"), assistant("2"), assistant("3"), assistant("4")]);
    await acme.session("chat").trim({ beforeSeq: 2 });
    await acme.session("chat").erase({ seqs: [3] });
    await acme.session("chat").undo();
    clock.advance(1);
    const everything: ViewStrategy = {
      name: "everything",
      view: async (source) => ({
        ...(await whole.view(source)),
        summarized: [{ from: 1, to: 5 }],
      }),
    };
    const regenerate = acme.session("chat").turn(async (turn) => {
      await turn.view({ strategy: everything });
      await turn.events({ retracted: "include" });
      await turn.undo();
      return "better";
    }, asks);
    expect(await regenerate).toBe("better");
  });

  it("is not recorded when somebody else removes what it saw before it takes out a part itself", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append([user("1"), assistant("2"), assistant("3")]);
    const turn = acme.session("chat").turn(async (inner) => {
      await inner.view();
      await elsewhere(() => acme.session("chat").retract({ seqs: [2] }));
      await inner.undo();
      return "better";
    }, asks);
    expect((await failure(turn, "conflict")).details.conflict).toBe("removal");
  });

  it("appends its end behind what others wrote in between", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").turn(async (turn) => {
      await turn.append(user("hi"));
      await elsewhere(() => acme.session("chat").append(user("foreign")));
      turn.appendAtEnd(assistant("answer"));
      return "answer";
    }, asks);
    expect(texts(await acme.session("chat").messages())).toEqual(["hi", "foreign", "answer"]);
    expect((await acme.session("chat").erase({ seqs: [2] })).erased).toEqual([2]);
    expect((await acme.session("chat").erase({ seqs: [3] })).erased).toEqual([3, 4]);
  });

  it("refuses a session that is sealed or has ended before the work runs", async () => {
    const { memory } = oneStore();
    const store = createMemoryStore({ clock: createManualClock(), sweepIntervalMs: 0 });
    const acme = createMemory({ store }).tenant("acme");
    await acme.session("chat").append(user("1"));
    await chat(acme.session("chat")).answer;
    await store.log.seal({ tenant: "acme", session: "chat" });
    const sealed = chat(acme.session("chat"), { operationId: "2" });
    expect((await failure(sealed.answer, "conflict")).details.conflict).toBe("sealed");
    expect(sealed.asked()).toBe(0);
    expect(await chat(acme.session("chat")).answer).toBe("answer to 2");

    const ended = memory.tenant("acme").session("chat");
    await ended.append(user("1"));
    await memory.tenant("acme").session("chat").delete();
    const call = chat(ended);
    await failure(call.answer, "history-lost");
    expect(call.asked()).toBe(0);
  });

  it.each([
    [{ request: 1 }, "request"],
    [{ operationId: "" }, "operationId"],
    [{ operationId: "a", request: new Map() }, "request.request"],
    [{ whenBusy: "later" }, "whenBusy"],
    [{ waitMs: -1 }, "waitMs"],
    [{ maxResultBytes: 0 }, "maxResultBytes"],
    [{ ttlMs: 1 }, "ttlMs"],
  ])("refuses the options %j", async (options, field) => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const error = await failure(
      session.turn(async () => 1, options as never),
      "invalid-input",
    );
    expect(error.details.field).toBe(field);
  });

  it("keeps the name under which events carry its id", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const forged = { type: "message", body: user("x"), metadata: { "relevo:turn": "t" } } as const;
    await failure(session.append(forged), "invalid-input");
  });

  it("refuses what is appended at its end when it is no message, and after the end", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    let kept: TurnSession | undefined;
    await session.turn(async (turn) => {
      kept = turn;
      for (const bad of [undefined, "hi", { role: "robot", content: "x" }])
        expect(() => turn.appendAtEnd(bad as never)).toThrow();
    });
    expect(() => kept?.appendAtEnd(user("late"))).toThrow("has ended");
    const late = async (): Promise<unknown> => kept?.append(user("late"));
    for (const write of [late, async () => kept?.working.remember("k", 1), async () => kept?.undo()])
      expect((await failure(write(), "conflict")).details.conflict).toBe("lease");
    expect(await kept?.messages()).toEqual([]);
  });
});

describe("turns inside turns", () => {
  it("a turn in the flow of a turn is part of it, through any object", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat");
    const result = await session.turn(async (turn) => {
      await session.append(user("through the closure"));
      const inner = await acme.session("chat").turn(async (part) => {
        await part.append(assistant("inside"));
        expect(part.fence).toBe(turn.fence);
        expect(part.turnId).toBe("request-1");
        return acme.session("chat").turn(async () => "deep");
      });
      return inner;
    }, asks);
    expect(result).toBe("deep");
    const { events } = await session.events({ types: ["message"] });
    expect(events.map(({ metadata }) => metadata?.["relevo:turn"])).toEqual(["request-1", "request-1"]);
  });

  it("two flows inside one turn wait for each other", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const order: string[] = [];
    await session.turn(async () => {
      const part = (name: string): Promise<void> =>
        session.turn(async (turn) => {
          order.push(`${name} begins`);
          await turn.append(user(name));
          await turn.messages();
          order.push(`${name} ends`);
        });
      await Promise.all([part("a"), part("b"), part("c")]);
    });
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("a part may refuse to wait, and a failed one lets the next in", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.turn(async () => {
      const fails = session.turn(async (turn) => {
        await turn.append(user("x"));
        throw new Error("part failed");
      });
      const hasty = session.turn(async () => 1, { waitMs: 1, whenBusy: "wait" });
      const next = session.turn(async () => "next");
      await expect(fails).rejects.toThrow("part failed");
      await hasty.catch(() => undefined);
      expect(await next).toBe("next");
      const open = await session.beginTurn();
      expect(
        (
          await failure(
            session.turn(async () => 1, { waitMs: 1 }),
            "conflict",
          )
        ).details.conflict,
      ).toBe("lease");
      await open.commit();
    });
  });

  it("a part with an id of its own is recorded, and stays when the whole runs again", async () => {
    const acme = oneStore().memory.tenant("acme");
    let calls = 0;
    const tool = (session: Session): Promise<number> =>
      session.turn(
        async (part) => {
          await part.append(user("tool"));
          return ++calls;
        },
        { operationId: "tool-1" },
      );
    await crash(acme.session("chat"), async (turn) => {
      await turn.append(user("hi"));
      await tool(turn);
    });
    const again = await acme.session("chat").turn(async (turn) => {
      await turn.append(user("hi"));
      return tool(turn);
    }, asks);
    expect(again).toBe(1);
    expect(texts(await acme.session("chat").messages())).toEqual(["tool", "hi"]);
  });

  it("the same id inside itself is the same turn; another request under it is a conflict", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const result = await session.turn(async () => {
      const other = session.turn(async () => 1, { operationId: "request-1", request: "other" });
      expect((await failure(other, "conflict")).details.conflict).toBe("operation");
      return session.turn(async (part) => part.turnId, asks);
    }, asks);
    expect(result).toBe("request-1");
  });

  it("a turn of another session inside a turn is one of its own", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("a").turn(async (a) => {
      await acme.session("b").turn(async (b) => {
        expect(b.turnId).not.toBe(a.turnId);
        await acme.session("a").append(user("to a"));
      });
    });
    const { events } = await acme.session("a").events();
    expect(events[0]?.metadata).toHaveProperty(["relevo:turn"]);
  });

  it("a flow that outlives its turn is in none", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const { promise, resolve } = Promise.withResolvers<void>();
    let later: Promise<unknown> = Promise.resolve();
    await session.turn(async () => {
      later = promise.then(() => session.append(user("later")));
    });
    resolve();
    await later;
    expect((await session.events()).events[0]?.metadata).toBeUndefined();
  });
});

describe("beginTurn", () => {
  it("is committed once, with its result, and lets the next in", async () => {
    const acme = oneStore().memory.tenant("acme");
    const open = await acme.session("chat").beginTurn(asks);
    expect(open.recorded).toBeUndefined();
    await open.session.append(user("hi"));
    open.session.appendAtEnd(assistant("answer"));
    await open.run(async () => {
      expect(currentSession()).toBeUndefined();
      await acme.session("chat").append(user("in the turn"));
    });
    expect(await open.commit("answer")).toBe("answer");
    expect(await open.commit("again")).toBe("answer");
    await open.abandon({ retract: true });
    expect(await chat(acme.session("chat")).answer).toBe("answer");
    const replay = await acme.session("chat").beginTurn(asks);
    expect(replay.recorded).toEqual({ result: "answer" });
    await failure(replay.session.append(user("x")), "conflict");
    expect(await replay.commit("other")).toBe("answer");
    expect(texts(await acme.session("chat").messages())).toEqual(["hi", "in the turn", "answer"]);
    expect((await acme.session("chat").events()).events[1]?.metadata).toEqual({ "relevo:turn": "request-1" });
  });

  it("is abandoned by disposal: nothing is recorded, and what it left is retracted when it runs again", async () => {
    const acme = oneStore().memory.tenant("acme");
    {
      await using open = await acme.session("chat").beginTurn(asks);
      await open.session.append(user("half"));
      open.session.appendAtEnd(assistant("never"));
    }
    expect(texts(await acme.session("chat").messages())).toEqual(["half"]);
    expect(await chat(acme.session("chat")).answer).toBe("answer to 1");
  });

  it("retracts at once when it is told to", async () => {
    const acme = oneStore().memory.tenant("acme");
    await acme.session("chat").append(user("before"));
    const open = await acme.session("chat").beginTurn();
    await open.session.append([user("a"), assistant("b")]);
    await open.abandon({ retract: true });
    expect(texts(await acme.session("chat").messages())).toEqual(["before"]);
    await failure(open.commit("late"), "conflict");
    expect(await acme.session("chat").turn(async () => "next")).toBe("next");
  });

  it("can be committed again after a commit that failed", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const open = await session.beginTurn(asks);
    open.session.appendAtEnd(assistant("answer"));
    await failure(open.commit(Number.NaN), "invalid-input");
    expect(await open.commit("answer")).toBe("answer");
    expect(texts(await session.messages())).toEqual(["answer"]);
  });
});
