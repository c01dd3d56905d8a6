import type { LeadFile } from "../input/read-leads.ts";
import type { BadRow } from "../lead.ts";
import type { ChosenModel } from "../model/choose-model.ts";
import { jsonReport } from "../output/json-report.ts";
import { tableHead, tableRow } from "../output/lead-table.ts";
import { drawChains, drawOpening } from "../output/sections.ts";
import { createPaint } from "../output/terminal-text.ts";
import { drawTotals, listRecognised } from "../output/totals.ts";
import { callsThisHour } from "../workflow/call-meter.ts";
import { type LeadResult, runLeads } from "../workflow/run-leads.ts";
import type { ChosenMemory } from "./choose-memory.ts";
import type { CliProcess } from "./cli-process.ts";
import type { CliOptions } from "./options.ts";

/** Works a file that was read, shows what comes of it, and returns the exit code. */
export async function workFile(
  file: LeadFile,
  model: ChosenModel,
  memory: ChosenMemory,
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
  show(
    drawOpening(
      { file, badRows, leads: leads.length, model: model.name, memory: memory.name, tenant },
      paint,
    ),
  );

  const { kit } = memory;
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
    const run = {
      tenant,
      model: model.name,
      memory: memory.name,
      source,
      notices,
      left,
      interrupted,
      durationMs,
      exitCode,
    };
    io.stdout.write(`${jsonReport({ ...run, results, badRows })}\n`);
  }
  return exitCode;
}

const unwell: ReadonlySet<string> = new Set(["failed", "limit_reached"]);

function badRowOf({ ok: _ok, ...row }: BadRow & { readonly ok: false }): BadRow {
  return row;
}
