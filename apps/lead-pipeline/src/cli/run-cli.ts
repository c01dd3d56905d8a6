import { InputError } from "../input/input-error.ts";
import type { LeadFile } from "../input/read-leads.ts";
import { type ChosenModel, chooseModel, ModelChoiceError } from "../model/choose-model.ts";
import { createScreen } from "../output/screen.ts";
import { oneLine, wrap } from "../output/terminal-text.ts";
import { chooseInput } from "./choose-input.ts";
import { type ChosenMemory, chooseMemory, MemoryChoiceError } from "./choose-memory.ts";
import type { CliProcess } from "./cli-process.ts";
import { parseCommand } from "./options.ts";

/** Runs the command and returns the exit code; the help says which means what. */
export async function runCli(args: readonly string[], io: CliProcess): Promise<number> {
  const command = parseCommand(args, {
    out: (text) => io.stdout.write(text),
    // It repeats what was typed.
    error: (text) => io.stderr.write(`${text.trimEnd().split("\n").map(oneLine).join("\n")}\n`),
  });
  if (!command.run) return command.exitCode;
  const { columns } = createScreen(io.stderr, io.env);
  const complain = (text: string): void => {
    io.stderr.write(`${wrap(oneLine(text), columns, "  ", 20)}\n`);
  };
  let file: LeadFile;
  let model: ChosenModel;
  let memory: ChosenMemory;
  try {
    file = await chooseInput(command.options.leads, io.stdin, complain);
    model = await chooseModel(io.env);
    memory = await chooseMemory(command.options.data, io.env, complain);
  } catch (error) {
    const expected = [InputError, ModelChoiceError, MemoryChoiceError].some((kind) => error instanceof kind);
    if (!(expected && error instanceof Error)) throw error;
    complain(error.message);
    return 2;
  }
  // The agents take longer to load than the help and most refusals take to be said.
  await using opened = memory;
  const { workFile } = await import("./work-file.ts");
  return await workFile(file, model, opened, command.options, io);
}
