import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface CommandOptions {
  readonly cwd: string;
  /** Added to the environment; what is `undefined` is taken away. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** Takes each line as it comes. */
  readonly onLine?: (line: string) => void;
  /** Ends the command when it takes longer. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  /** Standard output and standard error, as they came. */
  readonly output: string;
  readonly standardOutput: string;
  readonly standardError: string;
}

/** Runs a command to its end without standard input. An exit code is a result, not an error. */
export function runCommand(
  command: string,
  commandArguments: readonly string[],
  { cwd, env = {}, onLine, timeoutMs }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, commandArguments, {
      cwd,
      // Reports are read by programs. Together with FORCE_COLOR, NO_COLOR makes every Node.js process print a warning.
      env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: "SIGKILL" }),
    });
    let output = "";
    let standardOutput = "";
    let standardError = "";
    let line = "";
    const keep = (chunk: string) => {
      output += chunk;
      const lines = (line + chunk).split("\n");
      line = lines.pop() ?? "";
      for (const complete of lines) onLine?.(complete);
    };
    child.stdout.setEncoding("utf8");
    child.stderr.setEncoding("utf8");
    child.stdout.on("data", (chunk: string) => {
      standardOutput += chunk;
      keep(chunk);
    });
    child.stderr.on("data", (chunk: string) => {
      standardError += chunk;
      keep(chunk);
    });
    // Without this the command would go on alone, holding what it holds.
    const interrupt = (signal: NodeJS.Signals) => {
      child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    };
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
    const finish = (code: number, note: string) => {
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
      resolve({
        code,
        output: `${output}${note}`,
        standardOutput,
        standardError: `${standardError}${note}`,
      });
    };
    child.on("error", ({ message }) => finish(127, message));
    child.on("close", (code, signal) => {
      const limit = timeoutMs === undefined ? "" : `; it may take ${timeoutMs / 1000} s`;
      finish(code ?? 1, signal === null ? "" : `\nended by ${signal}${limit}\n`);
    });
  });
}
