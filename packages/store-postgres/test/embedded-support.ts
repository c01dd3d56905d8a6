import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryError } from "@relevo/core";
import { expect } from "vitest";
import type { ChildReport } from "./embedded-child.ts";

/** A new folder that goes with the scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "relevo-embedded-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A process that takes a folder when it is told to. */
export interface Taker extends AsyncDisposable {
  readonly pid: number;
  take(): Promise<ChildReport>;
  giveBack(): Promise<void>;
  kill(): Promise<void>;
}

export async function startTaker(
  what: "lock" | "open",
  folder: string,
  options: ForkOptions = {},
): Promise<Taker> {
  const child = fork(join(import.meta.dirname, "embedded-child.ts"), [what, folder], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    ...options,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = (): Promise<void> => {
    child.kill("SIGKILL");
    return ended;
  };
  expect(await nextReport(child)).toEqual({ kind: "ready" });
  return {
    pid: child.pid ?? 0,
    async take() {
      const report = nextReport(child);
      child.send("take");
      return await report;
    },
    async giveBack() {
      const report = nextReport(child);
      child.send("give back");
      expect(await report).toEqual({ kind: "gave" });
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function nextReport(child: ChildProcess): Promise<ChildReport> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the process ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message as ChildReport);
    });
  });
}

/** The error of a call that must fail with this code. */
export async function failure(call: Promise<unknown>, code: MemoryError["code"]): Promise<MemoryError> {
  const error: unknown = await call.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (!MemoryError.isInstance(error)) throw error;
  expect(error.code).toBe(code);
  return error;
}
