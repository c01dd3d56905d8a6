import { MemoryError as Failure, type MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type Memory, type MemoryStore, type Session } from "../src/index.ts";
import { assistant, pieces, texts, user } from "./fixture.ts";

/** What goes wrong with one call of the store: it is refused, or it is made and its answer is lost. */
interface Fault {
  readonly call: number;
  readonly name: "full" | "dead" | "lost answer";
}

const errors = {
  full: () => new Failure("unavailable", "The store is full.", { outcome: "not-applied" }),
  dead: () => new Failure("timeout", "The store does not answer.", { outcome: "unknown" }),
  "lost answer": () => new Failure("timeout", "The answer was lost.", { outcome: "unknown" }),
};

/** A memory over this store that meets one fault, and counts its calls. */
function faulty(
  store: MemoryStore,
  fault: Fault | undefined,
): { readonly memory: Memory; readonly calls: () => number } {
  let calls = 0;
  const around = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          const isFaulty = ++calls === fault?.call;
          if (isFaulty && fault.name !== "lost answer") throw errors[fault.name]();
          const result: unknown = await Reflect.apply(member, target, args);
          if (isFaulty) throw errors["lost answer"]();
          return name === "acquire" ? around({ ...(result as object) }) : result;
        };
      },
    });
  const { limits, log, documents, leases } = store;
  const ports = { limits, log: around(log), documents: around(documents) };
  const memory = createMemory({
    store: leases === undefined ? ports : { ...ports, leases: around(leases) },
    random: () => 0,
    onError: () => undefined,
  });
  return { memory, calls: () => calls };
}

interface Work {
  readonly name: string;
  readonly run: (session: Session) => Promise<unknown>;
  /** What the session says when the work is done, once or more often. */
  readonly said: readonly string[];
}

const works: readonly Work[] = [
  {
    name: "a turn",
    run: (session) =>
      session.turn(
        async (turn) => {
          await turn.append(user("question"));
          await turn.view();
          await turn.append(assistant("thought"));
          turn.appendAtEnd(assistant("answer"));
          return "answer";
        },
        { operationId: "r1", whenBusy: "take-over" },
      ),
    said: ["1", "2", "question", "thought", "answer"],
  },
  {
    name: "replaceFrom",
    run: (session) => session.replaceFrom("b", assistant("2b"), { operationId: "r1" }),
    said: ["1", "2b"],
  },
  { name: "retract", run: (session) => session.retract({ ids: ["b"], operationId: "r1" }), said: ["1"] },
  {
    name: "a stream",
    run: async (session) => {
      for await (const _ of session.stream(pieces("an", "swer"), { operationId: "r1" }));
    },
    said: ["1", "2", "answer"],
  },
  { name: "a fork", run: (session) => session.fork({ id: "f" }), said: ["1", "2"] },
];

describe.each(works)("$name", ({ name, run, said }) => {
  it("ends in a typed error when a call of the store fails, and is done once when it is tried again", async () => {
    let met = 0;
    for (let call = 1; ; call++) {
      let isPast = true;
      for (const fault of ["full", "dead", "lost answer"] as const) {
        const store = createMemoryStore();
        const plain = createMemory({ store });
        await plain
          .tenant("acme")
          .session("chat")
          .append([
            { ...user("1"), id: "a" },
            { ...assistant("2"), id: "b" },
          ]);
        const { memory, calls } = faulty(store, { call, name: fault });
        const error = await run(memory.tenant("acme").session("chat")).then(
          () => undefined,
          (reason: unknown) => reason as MemoryError,
        );
        if (calls() < call) continue;
        isPast = false;
        if (error !== undefined) {
          met++;
          expect(Failure.isInstance(error), `${fault} at ${call}: ${String(error)}`).toBe(true);
          expect(["unavailable", "timeout"]).toContain(error.code);
        }
        await run(plain.tenant("acme").session("chat"));
        const result = plain.tenant("acme").session(name === "a fork" ? "f" : "chat");
        expect(texts(await result.messages()), `${fault} at ${call}`).toEqual(said);
        if (name === "a fork") await result.append(user("it can be written"));
      }
      if (isPast) break;
    }
    expect(met).toBeGreaterThanOrEqual(6);
  });
});
