import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const programs = {
  compiled: [fileURLToPath(new URL("../dist/main.js", import.meta.url))],
  // As `npm start` runs it.
  sources: [
    "--import",
    new URL("../../../tools/launch/src/sources.mjs", import.meta.url).href,
    fileURLToPath(new URL("../src/main.ts", import.meta.url)),
  ],
} as const;

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly done: Promise<ProgramResult>;
  /** Resolves when standard error holds the text; rejects when the program ends without it. */
  saidError(text: string): Promise<void>;
}

export interface ProgramInput {
  /** Bytes for standard input, which is then closed; `open` for a pipe that stays open and silent. */
  readonly stdin?: string | "open";
  readonly env?: Readonly<Record<string, string>>;
  /** Leaves the choice of the memory to the arguments and the environment; otherwise the run remembers nothing. */
  readonly remembers?: boolean;
  /** `compiled` when left out. */
  readonly from?: keyof typeof programs;
}

/** What Node.js compiled for the run before is not compiled again: a start takes half the processor time. */
const { NODE_COMPILE_CACHE } = process.env;
const compileCache = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** Starts the program with nothing in its environment that could change what it does. */
export function startProgram(args: readonly string[], input: ProgramInput = {}): RunningProgram {
  const memory = input.remembers === true ? [] : ["--no-data"];
  // V8 optimises the database of a folder (WebAssembly) for longer than a short run has use of it.
  const flags = input.remembers === true ? ["--liftoff-only"] : [];
  const child = spawn(
    process.execPath,
    [...flags, ...programs[input.from ?? "compiled"], ...memory, ...args],
    {
      stdio: [input.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: { PATH: process.env.PATH ?? "", ...compileCache, ...input.env },
    },
  );
  if (input.stdin !== undefined && input.stdin !== "open") child.stdin?.end(input.stdin);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const done = new Promise<ProgramResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    done,
    saidError: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        child.stderr?.on("data", look);
        look();
        void done.then(() => reject(new Error(`ended without saying "${text}": ${stderr}`)), reject);
      }),
  };
}

export function runProgram(args: readonly string[], input?: ProgramInput): Promise<ProgramResult> {
  return startProgram(args, input).done;
}
