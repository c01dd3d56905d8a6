import type { View } from "@relevo/core";
import { admitChoice, admitInteger, admitViewForm, maxPageSize, refuse } from "@relevo/core/input";
import { withHidden, withoutPartials } from "../session/partial.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { ViewOptions } from "../session/session-options.ts";
import type { TurnRun } from "../turns/turn-run.ts";
import { admitRecord, observeSource, recordView, type SeenEvents } from "./view-record.ts";
import { createViewSource, wholeView } from "./view-source.ts";

/** What the strategy of the call or of the memory shows, kept for `explain` when the call asks for it. */
export async function viewSession(
  handle: SessionHandle,
  options: ViewOptions,
  turn?: TurnRun,
): Promise<View> {
  const strategy = options.strategy ?? handle.runtime.view ?? wholeView;
  const form = admitViewForm(options);
  if (typeof strategy?.view !== "function") throw refuse("strategy", "must have a function view().");
  const { reads } = strategy;
  if (reads?.messages !== undefined) admitInteger(reads.messages, "strategy.reads.messages", 1, maxPageSize);
  const record = admitRecord(options.record, handle.runtime.limits);
  const fence = options.fence === undefined ? {} : { fence: options.fence };
  const call = { signal: options.signal };
  const partial = admitChoice(options.partial, "partial", ["show", "hide"], "show");
  const hidden = new Set<number>();
  const created = await createViewSource(handle, { reads, ...call, ...fence }, turn);
  const shown = partial === "show" ? created : withoutPartials(created, hidden);
  const seen: SeenEvents = new Map();
  const source = record === undefined ? shown : observeSource(shown, seen);
  const view = withHidden(await strategy.view(source, { ...form, ...call }), hidden);
  if (record === undefined) return view;
  const facts = { strategy: strategy.name, form, seen, turn: turn?.id };
  return recordView(handle, view, facts, record, { ...fence, ...call });
}
