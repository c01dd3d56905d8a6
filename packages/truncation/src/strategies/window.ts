import { admitFields, admitInteger, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { firstSeq } from "@relevo/messages";
import { cutOf, type ViewState } from "../view/view-state.ts";
import { chooseCut, readFor, type Scale } from "./choose-cut.ts";
import { pageOf } from "./first-page.ts";
import { type Strategy, strategyOf } from "./strategy.ts";

export type WindowOptions = {
  /**
   * The least that a cut may leave, in the same unit; half of the window, rounded up, when left out. When equal to the
   * window, the view moves with every message, and prompt caches of providers never match.
   */
  readonly low?: number | undefined;
} & (
  | {
      /** At most this many messages, pinned ones not counted. */
      readonly messages: number;
      readonly turns?: never;
    }
  | {
      /** At most this many turns: a user message and everything that follows it. */
      readonly turns: number;
      readonly messages?: never;
    }
);

const fields: FieldTable = fieldTable<WindowOptions>({
  messages: "selects",
  turns: "selects",
  low: "refines",
});

/**
 * Shows the newest messages or turns, in whole groups. Pinned and system messages always stay and do not count. The
 * last group stays with the user message before it, even when they have more messages than the window.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const { messages } = await window({ messages: 20 }).apply(history);
 * ```
 */
export function window(given: WindowOptions): Strategy {
  const options = admitFields(given, "options", fields);
  const { messages, turns } = options as { readonly messages?: number; readonly turns?: number };
  if ((messages === undefined) === (turns === undefined))
    throw refuse("options", "must have either messages or turns.");
  const unit = messages === undefined ? "turns" : "messages";
  const high = admitInteger(messages ?? turns, `options.${unit}`, 1);
  const low =
    options.low === undefined ? Math.ceil(high / 2) : admitInteger(options.low, "options.low", 1, high);
  const scale: Scale = {
    low,
    high,
    sizeOf: unit === "turns" ? (group) => (group.kind === "user" ? 1 : 0) : (group) => group.messages.length,
    openerSize: unit === "turns" ? 0 : 1,
    turnsOnly: unit === "turns",
  };
  const name = `window(${unit}=${high}${options.low === undefined ? "" : `, low=${low}`})`;
  return strategyOf({
    name,
    stages: [(state) => cut(state, scale)],
    firstPage: pageOf(high, unit),
    readsSummaries: false,
  });
}

async function cut(state: ViewState, scale: Scale): Promise<void> {
  const { history } = state;
  const above = cutOf(state);
  await readFor(history, scale, above);
  const { group } = chooseCut(history, scale, above, history.summaries.length > 0);
  if (group !== undefined && firstSeq(group) > above)
    state.cuts.push({ seq: firstSeq(group), reason: "window" });
}
