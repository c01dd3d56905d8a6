import { arrangeGroups, firstSeq, type Group, type ViewMessage } from "@relevo/messages";
import { anchorOf, cutOf, type ViewState } from "./view-state.ts";

/** A view's messages in their order, and the groups that they came from. */
export interface Layout {
  readonly messages: readonly ViewMessage[];
  /** In the order of the log. */
  readonly shown: readonly Group[];
}

/** System messages, then summaries, then what is kept in the order of the log. */
export function layOut(state: ViewState): Layout {
  const cut = cutOf(state);
  const groups = state.history.groups;
  const anchor = anchorOf(groups, cut);
  const shown =
    cut === 0 ? groups : groups.filter((group) => group.pinned || group === anchor || firstSeq(group) >= cut);
  const { summaries } = state.history;
  const lead =
    state.showsSummaries && summaries.length > 0
      ? summaries.map(({ message, seq }) => ({ message, seq }))
      : undefined;
  return { messages: arrangeGroups(shown, { ...state.form, lead }), shown };
}
