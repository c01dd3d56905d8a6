import { createManualClock, type EventInput, type ManualClock, MemoryError } from "@relevo/core";
import { expect } from "vitest";
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from "../src/index.ts";

export const tenant = "acme";

export function at(session: string): { readonly tenant: string; readonly session: string } {
  return { tenant, session };
}

export function says(content: string, more: Partial<EventInput> = {}): EventInput {
  return { type: "message", body: { role: "user", content }, ...more } as EventInput;
}

export function undo(from: number, to: number = from): EventInput {
  return { type: "retraction", body: { ranges: [{ from, to }], reason: "undo" } };
}

export function open(options: MemoryStoreOptions = {}): {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly errors: unknown[];
} {
  const clock = createManualClock();
  const errors: unknown[] = [];
  const store = createMemoryStore({
    clock,
    sweepIntervalMs: 0,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { store, clock, errors };
}

/** The error of a call that must fail with this code. */
export async function failure(call: Promise<unknown>, code: MemoryError["code"]): Promise<MemoryError> {
  const error: unknown = await call.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (!MemoryError.isInstance(error)) throw error;
  expect(error.code).toBe(code);
  return error;
}

/** A small generator of numbers from 0 to below 1 that gives the same sequence for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
