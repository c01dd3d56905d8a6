import { AsyncLocalStorage } from "node:async_hooks";
import {
  type CallOptions,
  createManualClock,
  type DocumentStore,
  type ManualClock,
  MemoryError,
  type MemoryErrorCode,
} from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { expect } from "vitest";
import { createMemory, type Memory, type MemoryOptions, type MemoryStore } from "../src/index.ts";

/** How many of so many random stories, rounds or samples a test runs: all in `.ci/run` (`RELEVO_RUNS=50`), else a third. */
export function storyCount(all: number): number {
  return Math.ceil((all * Number(process.env.RELEVO_RUNS ?? 16)) / 50);
}

/** Options for one or two real stores on one clock that moves when told. */
export interface Fixture {
  readonly memory: Memory;
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly errors: unknown[];
}

export function oneStore(options: Partial<MemoryOptions> = {}): Fixture {
  const clock = createManualClock();
  const store = createMemoryStore({ clock, sweepIntervalMs: 0 });
  const errors: unknown[] = [];
  const memory = createMemory({
    store,
    clock,
    onError: (error) => errors.push(error),
    ...options,
  } as MemoryOptions);
  return { memory, clock, store, errors };
}

export interface TwoStoreFixture {
  readonly memory: Memory;
  readonly clock: ManualClock;
  readonly volatile: MemoryStore;
  readonly durable: MemoryStore;
  /** Calls of the volatile and of the durable store's documents, by method; they fail while told to. */
  readonly volatileFaults: Faults;
  readonly durableFaults: Faults;
  readonly errors: unknown[];
  readonly sessions: "volatile" | "durable";
}

export function twoStores(sessions: "volatile" | "durable" = "volatile"): TwoStoreFixture {
  const clock = createManualClock();
  const volatileFaults = createFaults();
  const durableFaults = createFaults();
  const volatile = withFaults(createMemoryStore({ clock, sweepIntervalMs: 0 }), volatileFaults);
  const durable = withFaults(createMemoryStore({ clock, sweepIntervalMs: 0 }), durableFaults);
  const errors: unknown[] = [];
  const memory = createMemory({ volatile, durable, sessions, clock, onError: (error) => errors.push(error) });
  return { memory, clock, volatile, durable, volatileFaults, durableFaults, errors, sessions };
}

type DocumentMethod = keyof DocumentStore;

/** What a document store does before it answers: fail, or let somebody else act first. */
export interface Faults {
  readonly failing: Set<DocumentMethod>;
  readonly calls: DocumentMethod[];
  /** Runs after the next call of this method was done and before its caller learns of it. */
  after: { method: DocumentMethod; run: () => Promise<void> } | undefined;
}

function createFaults(): Faults {
  return { failing: new Set(), calls: [], after: undefined };
}

export const everyMethod: readonly DocumentMethod[] = [
  "get",
  "put",
  "delete",
  "deleteMany",
  "find",
  "getMany",
];

/** The real store behind a door that can be shut. */
function withFaults(store: MemoryStore, faults: Faults): MemoryStore {
  const documents = new Proxy(store.documents, {
    get(target, method: DocumentMethod) {
      return async (...args: unknown[]) => {
        faults.calls.push(method);
        if (faults.failing.has(method)) throw new MemoryError("unavailable", "The store cannot be reached.");
        const perform = target[method] as (...args: unknown[]) => Promise<unknown>;
        const result = await perform.apply(target, args);
        if (faults.after?.method === method) {
          const { run } = faults.after;
          faults.after = undefined;
          await run();
        }
        return result;
      };
    },
  });
  return {
    limits: store.limits,
    log: store.log,
    documents,
    ...(store.leases ? { leases: store.leases } : {}),
  };
}

/** The error that the promise ends in. Fails the test when it does not. */
export async function failure(promise: Promise<unknown>, code: MemoryErrorCode): Promise<MemoryError> {
  const error = await promise.then(
    () => expect.unreachable(`should have failed with ${code}`),
    (reason: unknown) => reason,
  );
  if (!MemoryError.isInstance(error)) throw error;
  expect(error.code).toBe(code);
  return error;
}

export function aborted(): CallOptions {
  return { signal: AbortSignal.abort(new Error("stop")) };
}

export const user = (content: string): { readonly role: "user"; readonly content: string } => ({
  role: "user",
  content,
});
export const assistant = (content: string): { readonly role: "assistant"; readonly content: string } => ({
  role: "assistant",
  content,
});

export function texts(messages: readonly { readonly content: unknown }[]): unknown[] {
  return messages.map((message) => message.content);
}

/** Runs the function as another request would: in no turn and in no session. */
export const elsewhere: <Result>(work: () => Result) => Result = AsyncLocalStorage.snapshot();

/** These pieces, and then the failure when there is one. */
export async function* pieces<Piece>(...given: readonly (Piece | Error)[]): AsyncGenerator<Piece> {
  for (const piece of given) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}
