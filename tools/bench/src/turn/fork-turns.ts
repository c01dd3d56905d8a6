import { fork } from "node:child_process";
import { once } from "node:events";
import type { TurnProcess } from "./turn-process.ts";

type Method = Exclude<keyof TurnProcess, symbol>;

interface Call {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** Answers the calls of the process that forked this one. */
export function serveTurns(turns: TurnProcess): void {
  const answer = async ({ id, method, args }: Call): Promise<Answer> => {
    try {
      const call = turns[method] as (...args: readonly unknown[]) => Promise<unknown>;
      return { id, result: await call(...args) };
    } catch (error) {
      return { id, error: error instanceof Error ? `${error.stack}` : `${error}` };
    }
  };
  process.on("message", async (call: Call) => process.send?.(await answer(call)));
  // Whoever forked this process is gone, in whatever way.
  process.on("disconnect", () => process.exit());
}

/** Turns in a process of its own, which runs a script that calls `serveTurns`. It ends when it is disposed of. */
export function forkTurns(script: string, args: readonly string[]): TurnProcess {
  // Conversations of 10,000 messages in process take more than the default.
  const child = fork(script, args, { execArgv: ["--max-old-space-size=12288"] });
  const pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  let ended: Error | undefined;
  child.on("message", (answer: Answer) => {
    const waiting = pending.get(answer.id);
    pending.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  });
  child.once("exit", (code, signal) => {
    ended = new Error(`The process of turns ended with ${signal ?? `exit code ${code}`}.`);
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  });
  const call = <Name extends Method>(
    method: Name,
    ...args: Parameters<TurnProcess[Name]>
  ): ReturnType<TurnProcess[Name]> => {
    const result = new Promise<unknown>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = calls++;
      pending.set(id, { resolve, reject });
      child.send({ id, method, args } satisfies Call);
    });
    return result as ReturnType<TurnProcess[Name]>;
  };
  return {
    open: (title, url) => call("open", title, url),
    prepare: (request) => call("prepare", request),
    run: (request) => call("run", request),
    close: () => call("close"),
    async [Symbol.asyncDispose]() {
      if (ended !== undefined) return;
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}
