import type { StoredSpan } from "@relevo/handoff-tracing/telemetry";
import type { LeadFile } from "../input/read-leads.ts";
import type { BadRow } from "../lead.ts";
import type { ChosenModel } from "../model/choose-model.ts";
import { jsonReport } from "../output/json-report.ts";
import { tableHead, tableRow } from "../output/lead-table.ts";
import { drawLessons } from "../output/lessons.ts";
import { createScreen } from "../output/screen.ts";
import { drawChains, drawOpening, drawTraces } from "../output/sections.ts";
import { layoutOf } from "../output/table-layout.ts";
import { drawTotals, listCauses, listRecognised } from "../output/totals.ts";
import { callsThisHour } from "../workflow/call-meter.ts";
import { readLessons } from "../workflow/lessons.ts";
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
  spans: readonly StoredSpan[] = [],
): Promise<number> {
  const begun = performance.now();
  const { tenant, concurrency, json, chains, trace, report } = options;
  const view = json ? io.stderr : io.stdout;
  const screen = createScreen(view, io.env);
  const { paint } = screen;
  const show = (text: string): void => {
    view.write(`${text}\n`);
  };
  const leads = file.rows.flatMap((row) => (row.ok ? [row.lead] : []));
  const badRows = file.rows.flatMap((row) => (row.ok ? [] : [badRowOf(row)]));
  show(
    drawOpening(
      { file, badRows, leads: leads.length, model: model.name, memory: memory.name, tenant },
      screen,
    ),
  );

  const { kit } = memory;
  const { stop, abort } = io.interruption;
  const results: LeadResult[] = [];
  const layout = layoutOf(leads, screen.columns);
  if (leads.length > 0) show(tableHead(layout, paint));
  const workflow = { tenant, concurrency, memory: kit, model: model.model, stop, signal: abort };
  let firstLeadMs: number | undefined;
  for await (const result of runLeads(leads, workflow)) {
    // Since the process began, as whoever waits for it has waited.
    firstLeadMs ??= Math.round(performance.now());
    show(tableRow(result, layout, paint, results.at(-1)));
    results.push(result);
  }

  const left = leads.length - results.length;
  const interrupted = stop.aborted;
  const durationMs = Math.round(performance.now() - begun);
  const callsInHour = await callsThisHour(kit, tenant);
  const { callsPerHour } = tenant.apiLimits;
  const lessons = report ? await readLessons(kit.memory.tenant(tenant.tenantId)) : undefined;
  const facts = {
    lasts: memory.startOver !== undefined,
    badRows: badRows.length,
    firstLeadMs,
    durationMs,
    callsThisHour: callsInHour,
    callsPerHour,
    left,
  };
  for (const section of [
    ...drawChains(results, chains, screen),
    ...(trace ? drawTraces(results, chains, spans, screen) : []),
    listRecognised(results, memory.startOver, screen),
    listCauses(results, screen),
    lessons && drawLessons(lessons, screen),
    drawTotals(results, facts, screen),
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
      ...(firstLeadMs === undefined ? {} : { firstLeadMs }),
      durationMs,
      exitCode,
      callsThisHour: callsInHour,
      ...(lessons === undefined ? {} : { lessons }),
    };
    io.stdout.write(`${jsonReport({ ...run, results, badRows })}\n`);
  }
  return exitCode;
}

const unwell: ReadonlySet<string> = new Set(["failed", "limit_reached"]);

function badRowOf({ ok: _ok, ...row }: BadRow & { readonly ok: false }): BadRow {
  return row;
}
