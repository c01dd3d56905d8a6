import { type ChildProcess, type ForkOptions, fork, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryError } from "@relevo/core";
import { expect } from "vitest";
import type { ChildReport } from "./embedded-child.ts";

/** Says aloud what is not tested on this machine. */
function permitted(command: string, args: readonly string[], what: string): boolean {
  const { status } = spawnSync(command, args);
  if (status !== 0)
    console.warn(`SKIPPED: ${what}, because this user may not run ${command} ${args.join(" ")}`);
  return status === 0;
}

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
  /** Stops it where it is, until it is continued or killed. */
  pause(): void;
  kill(): Promise<void>;
}

const script = join(import.meta.dirname, "embedded-child.ts");

export async function startTaker(
  what: "lock" | "open",
  folder: string,
  options: ForkOptions = {},
): Promise<Taker> {
  return await takerOf(
    fork(script, [what, folder], { stdio: ["ignore", "ignore", "inherit", "ipc"], ...options }),
  );
}

/** Whether this machine lets us mount a disk that nobody else sees. */
export const canMount: boolean = permitted(
  "unshare",
  ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
  "an embedded store on a full disk",
);

const namespaces = ["--pid", "--fork", "--mount-proc", "--kill-child"];

/** Whether this machine lets us make a namespace of process ids, as each container has one. */
export const canUnshare: boolean = permitted(
  "unshare",
  [...namespaces, "true"],
  "a folder that two containers want",
);

/** A taker that is process 1 of a namespace of its own, and cannot see any other process. */
export async function startContainedTaker(folder: string): Promise<Taker> {
  return await takerOf(
    spawn("unshare", [...namespaces, process.execPath, script, "lock", folder], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    }),
  );
}

async function takerOf(child: ChildProcess): Promise<Taker> {
  // The channel closes with the last process that has it: what was killed may have started another.
  const ended = Promise.all(
    ["exit", "disconnect"].map((event) => new Promise((resolve) => child.once(event, resolve))),
  );
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
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
    pause() {
      child.kill("SIGSTOP");
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
