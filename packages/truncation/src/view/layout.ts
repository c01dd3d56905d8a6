import { arrangeGroups, firstSeq, type Group, type ViewMessage } from "@relevo/messages";
import { anchorOf, cutOf, type ViewState } from "./view-state.ts";

/** A view's messages in their order, and the groups that they came from. */
export interface Layout {
  readonly messages: readonly ViewMessage[];
  readonly shown: ReadonlySet<Group>;
}

/** System messages, then summaries, then what is kept in the order of the log. */
export function layOut(state: ViewState): Layout {
  const cut = cutOf(state);
  const groups = state.history.groups;
  const anchor = anchorOf(groups, cut);
  const shown = groups.filter((group) => group.pinned || group === anchor || firstSeq(group) >= cut);
  const lead = state.showsSummaries
    ? state.history.summaries.map(({ message, seq }) => ({ message, seq }))
    : [];
  return { messages: arrangeGroups(shown, { ...state.form, lead }), shown: new Set(shown) };
}
