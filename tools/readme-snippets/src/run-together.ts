// Runs snippets one after the other in this process, so that only the first one pays for the start of Node.js and of the
// packages. Arguments: what to print before each, the folder for their working folders, and their files.
// A snippet ends when nothing keeps the process alive any more, as it does alone. The process ends after one that failed
// or has changed what it shares with the next, beyond what the packages do that it imports; whoever started it runs the rest in another.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { importsSuffix } from "./snippet-imports.ts";

const [, , beginning = "", folder = "", ...files] = process.argv;
const left = files.entries();
let running = false;
process.on("beforeExit", next);
// To look at some globals loads what is behind them, which adds others.
sharedState();
let before = sharedState();

function next(): void {
  if (running) {
    console.error("It waits in its top-level await for what never comes.");
    process.exit(13);
  }
  if ((process.exitCode ?? 0) !== 0 || !isEqual(sharedState(), before)) return;
  const { value, done } = left.next();
  if (done === true) return;
  const [index, file] = value;
  process.stdout.write(beginning);
  process.stderr.write(beginning);
  const workingFolder = join(folder, `${index}`);
  mkdirSync(workingFolder);
  process.chdir(workingFolder);
  running = true;
  // A rejection that nobody handles ends the process and says why, as a program of its own would.
  void run(pathToFileURL(file).href);
  // Without anything to wait for, the process would end before the next one.
  setImmediate(() => undefined);
}

async function run(url: string): Promise<void> {
  // What packages add to the globals when they are loaded is no snippet's doing. A package that cannot be loaded fails
  // the snippet below.
  await import(`${url}${importsSuffix}`).catch(() => undefined);
  before = sharedState();
  await import(url);
  running = false;
}

/** What all snippets of a process see apart from modules: globals, the environment, and who listens to the process. */
function sharedState(): readonly unknown[] {
  const globals = Reflect.ownKeys(globalThis).flatMap((name) => [
    name,
    Object.getOwnPropertyDescriptor(globalThis, name)?.value,
  ]);
  const listeners = process.eventNames().flatMap((name) => [name, process.listenerCount(name)]);
  return [...globals, ...listeners, ...Object.entries(process.env).flat()];
}

function isEqual(first: readonly unknown[], second: readonly unknown[]): boolean {
  return first.length === second.length && first.every((value, index) => Object.is(value, second[index]));
}
