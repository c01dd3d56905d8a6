import { InputError } from "../input/input-error.ts";
import type { LeadFile } from "../input/read-leads.ts";
import type { BadRow } from "../lead.ts";
import { type ChosenModel, chooseModel, type Environment, ModelChoiceError } from "../model/choose-model.ts";
import { jsonReport } from "../output/json-report.ts";
import { tableHead, tableRow } from "../output/lead-table.ts";
import { drawChains, drawOpening } from "../output/sections.ts";
import { createPaint, oneLine } from "../output/terminal-text.ts";
import { drawTotals, listRecognised } from "../output/totals.ts";
import { callsThisHour } from "../workflow/call-meter.ts";
import { openMemory } from "../workflow/memory-kit.ts";
import { type LeadResult, runLeads } from "../workflow/run-leads.ts";
import { chooseInput, type InputStream } from "./choose-input.ts";
import { type CliOptions, parseCommand } from "./options.ts";

export interface CliStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What of the process the command line uses. */
export interface CliProcess {
  readonly stdin: InputStream;
  readonly stdout: CliStream;
  readonly stderr: CliStream;
  readonly env: Environment;
  /** `stop` fires at the first interruption, `abort` at the second. */
  readonly interruption: { readonly stop: AbortSignal; readonly abort: AbortSignal };
}

/** Runs the command and returns the exit code; the help says which means what. */
export async function runCli(args: readonly string[], io: CliProcess): Promise<number> {
  const command = parseCommand(args, {
    out: (text) => io.stdout.write(text),
    error: (text) => io.stderr.write(text),
  });
  if (!command.run) return command.exitCode;
  const complain = (text: string): void => {
    io.stderr.write(`${oneLine(text)}\n`);
  };
  let file: LeadFile;
  let model: ChosenModel;
  try {
    model = await chooseModel(io.env);
    file = await chooseInput(command.options.leads, io.stdin, complain);
  } catch (error) {
    if (!(error instanceof InputError || error instanceof ModelChoiceError)) throw error;
    complain(error.message);
    return 2;
  }
  return await workFile(file, model, command.options, io);
}

async function workFile(
  file: LeadFile,
  model: ChosenModel,
  options: CliOptions,
  io: CliProcess,
): Promise<number> {
  const begun = performance.now();
  const { tenant, concurrency, json, chains } = options;
  const view = json ? io.stderr : io.stdout;
  const paint = createPaint(view, io.env);
  const show = (text: string): void => {
    view.write(`${text}\n`);
  };
  const leads = file.rows.flatMap((row) => (row.ok ? [row.lead] : []));
  const badRows = file.rows.flatMap((row) => (row.ok ? [] : [badRowOf(row)]));
  show(drawOpening({ file, badRows, leads: leads.length, model: model.name, tenant }, paint));

  await using kit = openMemory();
  const { stop, abort } = io.interruption;
  const results: LeadResult[] = [];
  if (leads.length > 0) show(tableHead(paint));
  const workflow = { tenant, concurrency, memory: kit, model: model.model, stop, signal: abort };
  for await (const result of runLeads(leads, workflow)) {
    results.push(result);
    show(tableRow(result, paint));
  }

  const left = leads.length - results.length;
  const interrupted = stop.aborted;
  const durationMs = Math.round(performance.now() - begun);
  const calls = await callsThisHour(kit.memory.tenant(tenant.tenantId), kit.clock);
  const { callsPerHour } = tenant.apiLimits;
  for (const section of [
    ...drawChains(results, chains, paint),
    listRecognised(results, paint),
    drawTotals(results, { badRows: badRows.length, durationMs, calls, callsPerHour, left }, paint),
  ]) {
    if (section !== undefined) show(`\n${section}`);
  }
  if (interrupted) show(paint("yellow", "Interrupted: what is listed above was finished."));

  const allWell = badRows.length === 0 && left === 0 && results.every(({ outcome }) => !unwell.has(outcome));
  const exitCode = interrupted ? 130 : allWell ? 0 : 1;
  if (json) {
    const { source, notices } = file;
    const run = { tenant, model: model.name, source, notices, left, interrupted, durationMs, exitCode };
    io.stdout.write(`${jsonReport({ ...run, results, badRows })}\n`);
  }
  return exitCode;
}

const unwell: ReadonlySet<string> = new Set(["failed", "limit_reached"]);

function badRowOf({ line, reason, id }: BadRow): BadRow {
  return { line, reason, ...(id === undefined ? {} : { id }) };
}
