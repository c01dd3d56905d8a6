import type { CallOptions, ViewForm } from "@relevo/core";
import { firstSeq, type Group } from "@relevo/messages";
import type { History } from "../history/history.ts";
import type { TokenMeter } from "./token-meter.ts";

/** Where a strategy cut, and why. */
export interface Cut {
  /** Nothing below is kept but what must be. */
  readonly seq: number;
  readonly reason: "window" | "budget";
}

/** What the stages of a strategy work on, one after the other. */
export interface ViewState {
  history: History;
  /** What the view is made for. */
  readonly form: ViewForm;
  /** Ascending: a later stage only cuts deeper. */
  readonly cuts: Cut[];
  /** False when even the summaries do not fit. */
  showsSummaries: boolean;
  readonly notices: string[];
  /** Of the last stage that counts tokens. */
  meter: TokenMeter | undefined;
  readonly call: CallOptions;
}

/** One step of a strategy. */
export type Stage = (state: ViewState) => Promise<void>;

export function cutOf(state: ViewState): number {
  return state.cuts.at(-1)?.seq ?? 0;
}

/**
 * The last user message, when the cut lies behind it: an assistant's turn without what it answers would read as
 * something that nobody asked for.
 */
export function anchorOf(groups: readonly Group[], cut: number): Group | undefined {
  if (cut === 0) return undefined;
  const last = groups.findLast(({ kind }) => kind === "user");
  return last !== undefined && firstSeq(last) < cut && !last.pinned ? last : undefined;
}
