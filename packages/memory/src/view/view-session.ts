import { MemoryError, type TokenCounter, type View, type ViewAllowance } from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitInteger,
  admitViewForm,
  type FieldTable,
  fieldTable,
  maxPageSize,
  refuse,
} from "@relevo/core/input";
import { byteCounter } from "../context/prompt-counters.ts";
import { withHidden, withoutPartials } from "../session/partial.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { ViewBound, ViewOptions } from "../session/session-options.ts";
import type { TurnRun } from "../turns/turn-run.ts";
import { admitRecord, observeSource, recordView, type SeenEvents } from "./view-record.ts";
import { createViewSource } from "./view-source.ts";
import { wholeView } from "./whole-view.ts";

/** What the strategy of the call or of the memory shows, kept for `explain` when the call asks for it. */
export async function viewSession(
  handle: SessionHandle,
  options: ViewOptions,
  turn?: TurnRun,
): Promise<View> {
  const strategy = options.strategy ?? handle.runtime.view ?? wholeView(options.within !== undefined);
  const form = admitViewForm(options);
  if (typeof strategy?.view !== "function") throw refuse("strategy", "must have a function view().");
  const { reads } = strategy;
  if (reads?.messages !== undefined) admitInteger(reads.messages, "strategy.reads.messages", 1, maxPageSize);
  const { counter } = handle.runtime;
  const { within: given } = options;
  // Before anything is read, unless it is not known yet.
  const known = isPromise(given) ? undefined : admitWithin(given, counter);
  const record = admitRecord(options.record, handle.runtime.limits);
  const fence = options.fence === undefined ? {} : { fence: options.fence };
  const call = { signal: options.signal };
  const partial = admitChoice(options.partial, "partial", ["show", "hide"], "show");
  const hidden = new Set<number>();
  const created = await createViewSource(handle, { reads, ...call, ...fence }, turn);
  const shown = partial === "show" ? created : withoutPartials(created, hidden);
  const seen: SeenEvents = new Map();
  const source = record === undefined ? shown : observeSource(shown, seen);
  const within = isPromise(given) ? admitWithin(await given, counter) : known;
  const asked = { ...form, ...call, ...(within === undefined ? {} : { within }) };
  const view = withHidden(await strategy.view(source, asked), hidden);
  if (within !== undefined) requireKept(view, strategy.name, within);
  if (record === undefined) return view;
  const facts = { strategy: strategy.name, form, seen, turn: turn?.id };
  return recordView(handle, view, facts, record, { ...fence, ...call });
}

/** Also one of another realm. */
function isPromise(within: ViewOptions["within"]): within is Promise<ViewBound> {
  return typeof (within as { readonly then?: unknown } | undefined)?.then === "function";
}

const withinFields: FieldTable = fieldTable<ViewBound>({
  maxTokens: "selects",
  counter: "refines",
});

function admitWithin(
  given: ViewBound | undefined,
  memorys: TokenCounter | undefined,
): ViewAllowance | undefined {
  if (given === undefined) return undefined;
  const { maxTokens, counter = memorys ?? byteCounter } = admitFields(given, "within", withinFields);
  if (typeof counter?.countText !== "function" || typeof counter.countMessage !== "function")
    throw refuse("within.counter", "must have functions countMessage() and countText().");
  return { maxTokens: admitInteger(maxTokens, "within.maxTokens", 1), counter };
}

/** Strategies that do not know `within` exist: a bound must not pass them silently. */
function requireKept({ messages, tokens }: View, name: string, { maxTokens, counter }: ViewAllowance): void {
  const needed = tokens ?? messages.reduce((sum, message) => sum + counter.countMessage(message), 0);
  if (needed <= maxTokens) return;
  throw new MemoryError(
    "budget-exceeded",
    `The strategy ${name} shows ${needed} tokens where ${maxTokens} are allowed: it has to keep to its option within.`,
    { details: { maxTokens, needed } },
  );
}
