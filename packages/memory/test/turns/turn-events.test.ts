import type { EventInput, StoredEvent, ViewStrategy } from "@relevo/core";
import { describe, expect, it } from "vitest";
import type { Session, TurnSession } from "../../src/index.ts";
import { assistant, failure, oneStore, pieces, texts, user } from "../fixture.ts";

const asks = { operationId: "request-1", request: "hi" } as const;

/** Summarizes all but the newest message, once for each version. */
function summarizing(): ViewStrategy & { made: number } {
  const strategy: ViewStrategy & { made: number } = {
    name: "summarizing",
    made: 0,
    async view(source) {
      const events = await source.readBackward({ limit: 100 });
      const known = events.find(({ type }) => type === "summary");
      const [newest, ...older] = events.filter(({ type }) => type === "message");
      const covers = older.map(({ seq }) => ({ from: seq, to: seq }));
      if (known === undefined) {
        strategy.made++;
        const body = { text: "so far", sourceHash: "x", strategy: "s", tokensBefore: 2, tokensAfter: 1 };
        await source.append?.({ type: "summary", body, derivedFrom: covers }, "summary-1");
      }
      return {
        messages: newest?.type === "message" && newest.body !== undefined ? [newest.body] : [],
        seqs: [newest?.seq],
        version: source.version,
        removalRevision: source.removalRevision,
        compacted: true,
        dropped: [],
        summarized: covers,
      };
    },
  };
  return strategy;
}

async function all(session: Session): Promise<readonly StoredEvent[]> {
  return (await session.events({ retracted: "include", limit: 1000 })).events;
}

describe("what is appended in a turn carries its id", () => {
  it("whatever appends it", async () => {
    const { memory, store } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.append([user("1"), assistant("2"), user("3")]);
    const before = (await session.head())?.version ?? 0;
    await session.turn(async (turn) => {
      await turn.append(user("4"), { operationId: "o" });
      await turn.append([{ type: "x-note", body: 1, metadata: { own: true } }]);
      await turn.recordExecution({ output: 1 });
      await turn.view({ strategy: summarizing() });
      await turn.popMessage();
      await turn.append([user("5"), user("6")]);
      await turn.retract({ seqs: [1] });
      await turn.replaceFrom(2, user("7"));
      const broken = turn.stream(pieces<string>("half", new Error("gone")), { operationId: "s" });
      await expect(broken.next().then(() => broken.next())).rejects.toThrow("gone");
      for await (const _ of turn.stream(pieces("whole"), { operationId: "s" }));
      for await (const _ of turn.stream(pieces("last"), { atEnd: true }));
      await turn.clear();
      // As another package appends.
      await turn.withGuard(({ init: _, ...guard }) => {
        const metadata = turn.currentTurn?.metadata ?? expect.unreachable();
        return store.log.append(turn.address, [{ type: "x-other", body: 1, metadata }], guard);
      });
      turn.appendAtEnd(assistant("end"));
      return "done";
    }, asks);
    const events = (await all(session)).filter(({ seq }) => seq > before);
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set(["message", "x-note", "execution", "summary", "retraction", "x-other", "x-relevo-turn"]),
    );
    for (const { seq, type, metadata } of events)
      expect(metadata?.["relevo:turn"], `${type} ${seq}`).toBe("request-1");
    expect(events.find(({ type }) => type === "x-note")?.metadata).toMatchObject({ own: true });
  });

  it("and so does the record of a view", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append(user("1"));
    await session.view({ record: true });
    expect(await session.explain(2)).not.toHaveProperty("turn");
    await session.turn(async (turn) => {
      await turn.append(user("2"));
      await turn.view({ record: true });
    }, asks);
    expect(await session.explain(3)).toMatchObject({ turn: "request-1" });
  });
});

describe("a turn that runs again", () => {
  const run = async (turn: TurnSession, strategy: ViewStrategy, last: Error | string): Promise<void> => {
    await turn.append(user("question"));
    await turn.view({ strategy });
    if (last instanceof Error) throw last;
    await turn.append(assistant(last));
  };

  it("keeps a summary that a view has made of what was there before", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append([user("1"), assistant("2")]);
    const strategy = summarizing();
    const crash = new Error("crash");
    await expect(session.turn((turn) => run(turn, strategy, crash), asks)).rejects.toBe(crash);
    await session.turn((turn) => run(turn, strategy, "answer"), asks);
    expect(strategy.made).toBe(1);
    const effective = await session.events();
    expect(effective.events.filter(({ type }) => type === "summary")).toHaveLength(1);
    expect(texts(await session.messages())).toEqual(["1", "2", "question", "answer"]);
  });

  it("takes out a summary of the caller's own, and one that repeats what is taken out", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append(user("1"));
    const summary = (derivedFrom: EventInput["derivedFrom"]): EventInput => ({
      type: "summary",
      body: { text: "so far", sourceHash: "x", strategy: "s", tokensBefore: 2, tokensAfter: 1 },
      ...(derivedFrom === undefined ? {} : { derivedFrom }),
    });
    const crashing = session.turn(async (turn) => {
      await turn.append(summary([{ from: 1, to: 1 }]));
      await turn.append([user("a"), user("b")]);
      await turn.view({ strategy: summarizing() });
      throw new Error("crash");
    }, asks);
    await expect(crashing).rejects.toThrow("crash");
    await session.turn(async () => undefined, asks);
    expect((await session.events()).events.filter(({ type }) => type === "summary")).toEqual([]);
  });
});

describe("another package that appends in a turn", () => {
  it("has its messages retracted with the turn, and erased with the result", async () => {
    const { memory, store } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.append(user("secret"));
    const write = (turn: TurnSession): Promise<unknown> =>
      turn.withGuard(({ init: _, ...guard }) => {
        const { metadata } = turn.currentTurn ?? expect.unreachable();
        const body = { role: "assistant", content: "of another" } as const;
        return store.log.append(turn.address, [{ type: "message", body, metadata }], guard);
      });
    const open = await session.beginTurn(asks);
    await write(open.session);
    await open.abandon({ retract: true });
    expect(texts(await session.messages())).toEqual(["secret"]);

    expect(
      await session.turn(async (turn) => {
        expect(turn.currentTurn?.after).toBe(3);
        await write(turn);
        turn.currentTurn?.noteSeen([{ from: 1, to: 1 }]);
        return "answer";
      }, asks),
    ).toBe("answer");
    expect(session.currentTurn).toBeUndefined();
    const result = (await all(session)).find(({ type }) => type === "x-relevo-turn");
    expect(result?.derivedFrom).toEqual([
      { from: 1, to: 1 },
      { from: 4, to: 4 },
    ]);
    await session.erase({ seqs: [1] });
    await failure(
      session.turn(async () => "other", asks),
      "not-found",
    );
  });

  it("is refused when the turn is over", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const open = await session.beginTurn(asks);
    await open.commit();
    const write = open.session.withGuard(() => expect.unreachable());
    expect((await failure(write, "conflict")).details.conflict).toBe("lease");
  });
});

describe("the session of a turn", () => {
  it("begins parts of the turn wherever it is used, and waits for no lease of its own", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    const open = await session.beginTurn(asks);
    // Not inside of `open.run`, as in a hook of a framework.
    const options = { waitMs: 0, operationId: "part" };
    expect(await open.session.turn(async () => "part", options)).toBe("part");
    const part = await open.session.beginTurn({ waitMs: 0 });
    await part.commit();
    await open.commit("whole");
    expect(await session.turn(async () => "other", options)).toBe("part");
    expect(await session.turn(async () => "other", asks)).toBe("whole");
    // Afterwards it begins one of its own.
    expect(await open.session.turn(async ({ turnId }) => turnId, { operationId: "next" })).toBe("next");
  });
});

describe("an execution that is derived from events", () => {
  it("is erased with them", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append([user("secret"), user("other")]);
    const derivedFrom = [{ from: 1, to: 1 }];
    await session.recordExecution({ output: "secret", derivedFrom });
    await session.recordExecution({ output: "plain" });
    expect((await session.erase({ seqs: [1] })).erased).toEqual([1, 3]);
    const events = await all(session);
    expect(JSON.stringify(events)).not.toContain("secret");
    expect(JSON.stringify(events)).toContain("plain");
  });

  it("is refused when one of them was removed since it was read, and says so", async () => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append([user("1"), user("2")]);
    const { removalRevision } = await session.view();
    await session.retract({ seqs: [2] });
    const record = (seq: number): Promise<unknown> =>
      session.recordExecution({ output: 1, derivedFrom: [{ from: seq, to: seq }] }, { removalRevision });
    expect((await failure(record(2), "conflict")).details.conflict).toBe("removal");
    await record(1);
    expect((await all(session)).filter(({ type }) => type === "execution")).toMatchObject([
      { derivedFrom: [{ from: 1, to: 1 }] },
    ]);
  });

  it.each([
    ["a range backwards", [{ from: 2, to: 1 }]],
    ["no ranges", "all"],
    ["half a range", [{ from: 1 }]],
  ])("is refused when they are %s", async (_, derivedFrom) => {
    const session = oneStore().memory.tenant("acme").session("chat");
    await session.append([user("1"), user("2")]);
    await failure(session.recordExecution({ output: 1, derivedFrom: derivedFrom as never }), "invalid-input");
    expect(await all(session)).toHaveLength(2);
  });
});
