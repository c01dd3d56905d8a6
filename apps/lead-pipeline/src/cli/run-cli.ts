import { MemoryError, printable } from "@relevo/core";
import { InputError } from "../input/input-error.ts";
import type { LeadFile } from "../input/read-leads.ts";
import { type ChosenModel, chooseModel, ModelChoiceError } from "../model/choose-model.ts";
import { createScreen } from "../output/screen.ts";
import { wrap } from "../output/terminal-text.ts";
import { chooseInput } from "./choose-input.ts";
import { type ChosenMemory, chooseMemory, MemoryChoiceError } from "./choose-memory.ts";
import type { CliProcess } from "./cli-process.ts";
import { type CliOptions, parseCommand } from "./options.ts";
import { openTracing } from "./tracing.ts";

/** Runs the command and returns the exit code; the help says which means what. */
export async function runCli(args: readonly string[], io: CliProcess): Promise<number> {
  const { columns } = createScreen(io.stderr, io.env);
  /** Errors repeat what was typed and what servers said: what cannot be printed is shown, and lines stay lines. */
  const complain = (text: string): void => {
    const lines = text.split("\n").map((line) => wrap(printable(line), columns, "  ", 20));
    io.stderr.write(`${lines.join("\n")}\n`);
  };
  const command = parseCommand(args, {
    out: (text) => io.stdout.write(text),
    error: (text) => complain(text.trimEnd()),
  });
  if (!command.run) return command.exitCode;
  const { show } = command.options;
  if (show !== undefined) return await showFromArchive(show, command.options, io, complain);
  let file: LeadFile;
  let model: ChosenModel;
  let memory: ChosenMemory;
  let loading: Promise<typeof import("./work-file.ts")>;
  try {
    file = await chooseInput(command.options.leads, io.stdin, complain);
    model = await chooseModel(io.env);
    // While the memory opens, which for the most part waits for other threads. Sooner, the help and most refusals would take
    // longer to be said.
    loading = import("./work-file.ts");
    // Whatever it is, it is told where it is awaited.
    loading.catch(() => undefined);
    memory = await chooseMemory(command.options.data, io.env, complain);
  } catch (error) {
    return refuse(error, complain);
  }
  await using tracing = await openTracing(command.options.trace, io.env, complain);
  await using opened = memory;
  const { workFile } = await loading;
  try {
    return await workFile(file, model, opened, command.options, io, tracing?.spans);
  } catch (error) {
    // Each lead that failed was told already; what is left is the summary, which needs the memory too.
    if (!MemoryError.isInstance(error)) throw error;
    complain(`The memory failed: ${error.message}`);
    return 1;
  }
}

async function showFromArchive(
  id: string,
  options: CliOptions,
  io: CliProcess,
  complain: (text: string) => void,
): Promise<number> {
  let memory: ChosenMemory;
  try {
    memory = await chooseMemory(options.data, io.env, complain);
  } catch (error) {
    return refuse(error, complain);
  }
  await using opened = memory;
  const { showWorkflow } = await import("./show-workflow.ts");
  try {
    return await showWorkflow(id, opened.kit, options, io, complain);
  } catch (error) {
    if (!MemoryError.isInstance(error)) throw error;
    complain(`The workflow cannot be shown: ${error.message}`);
    return 1;
  }
}

/** What was asked for cannot be done, and why. */
function refuse(error: unknown, complain: (text: string) => void): number {
  const expected = [InputError, ModelChoiceError, MemoryChoiceError].some((kind) => error instanceof kind);
  if (!(expected && error instanceof Error)) throw error;
  complain(error.message);
  return 2;
}
