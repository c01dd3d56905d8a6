import { MemoryError as Failure, type MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { expect } from "vitest";
import { createMemory, type Memory, type MemoryStore, type Session, type Tenant } from "../src/index.ts";
import { assistant, texts, user } from "./fixture.ts";

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

/** Something that is done once, whatever goes wrong. */
export interface Work {
  readonly name: string;
  readonly run: (session: Session, acme: Tenant) => Promise<unknown>;
  /** What the session says when the work is done, once or more often. */
  readonly said: readonly string[];
  /** What is there before. */
  readonly plant?: (acme: Tenant) => Promise<unknown>;
  /** What else is to hold then. */
  readonly check?: (acme: Tenant, store: MemoryStore) => Promise<unknown>;
}

/**
 * Meets each fault at each call of the store, and does the work again without one: then it is done once.
 *
 * @returns how many faults the work reported.
 */
export async function expectDoneOnce({ name, run, said, plant, check }: Work): Promise<number> {
  let met = 0;
  for (let call = 1; ; call++) {
    let isPast = true;
    for (const fault of ["full", "dead", "lost answer"] as const) {
      const store = createMemoryStore();
      const plain = createMemory({ store }).tenant("acme");
      const messages = [
        { ...user("1"), id: "a" },
        { ...assistant("2"), id: "b" },
      ];
      await plain.session("chat").append(messages);
      await plant?.(plain);
      const { memory, calls } = faulty(store, { call, name: fault });
      const acme = memory.tenant("acme");
      const error = await run(acme.session("chat"), acme).then(
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
      await run(plain.session("chat"), plain);
      await check?.(plain, store);
      const result = plain.session(name === "a fork" ? "f" : "chat");
      expect(texts(await result.messages()), `${fault} at ${call}`).toEqual(said);
      if (name === "a fork") await result.append(user("it can be written"));
    }
    if (isPast) return met;
  }
}
