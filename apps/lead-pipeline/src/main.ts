#!/usr/bin/env node
import { inspect } from "node:util";
import { printable } from "@relevo/core";
import { runCli } from "./cli/run-cli.ts";

const stop = new AbortController();
const abort = new AbortController();
let signalCode = 0;

function interrupt(code: number): void {
  signalCode = code;
  if (stop.signal.aborted) abort.abort(new Error("interrupted"));
  else process.stderr.write("\nFinishing the lead under way; interrupt again to stop it.\n");
  stop.abort();
}

process.on("SIGINT", () => interrupt(130));
process.on("SIGTERM", () => interrupt(143));
// Whoever reads may stop reading, as `head` does: that is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const { stdin, stdout, stderr, env } = process;
const interruption = { stop: stop.signal, abort: abort.signal };
const exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env, interruption }).catch(
  (error: unknown) => {
    // Node.js would print it as it is, and an error may repeat anybody's words.
    const lines = inspect(error).split("\n");
    stderr.write(`${lines.map((line) => printable(line)).join("\n")}\n`);
    return 1;
  },
);
process.exitCode = signalCode === 0 ? exitCode : signalCode;
// A pipe on standard input that nobody closes must not keep the process alive.
stdin.destroy();
