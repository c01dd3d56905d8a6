import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export interface RunOptions {
  readonly input?: string;
  readonly env?: { readonly [name: string]: string };
}

function start(
  name: string,
  args: readonly string[],
  { env = {} }: RunOptions,
): ChildProcessWithoutNullStreams {
  const script = fileURLToPath(new URL(`../${name}`, import.meta.url));
  return spawn("node", [script, ...args], { env: { ...process.env, ...env } });
}

/** Runs an example to its end and answers what it printed. @throws Error with its complaints when it fails. */
export async function runExample(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = start(name, args, options);
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  child.stdin.end(options.input ?? "");
  const [code] = await once(child, "exit");
  const [output, complaints] = await printed;
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${complaints}`);
  return output;
}

/** Starts an example that serves, and answers its first line once it has printed it. */
export async function startExample(
  name: string,
  env: { readonly [name: string]: string },
): Promise<{ readonly line: string } & AsyncDisposable> {
  const child = start(name, [], { env });
  child.stderr.pipe(process.stderr);
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    exited.then(() => Promise.reject(new Error(`${name} has ended.`))),
  ]);
  return {
    line: String(line),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
