import type { View } from "@relevo/core";
import { assertValid } from "@relevo/messages";
import { accountFor } from "./accounting.ts";
import { layOut } from "./layout.ts";
import type { ViewState } from "./view-state.ts";

/** Makes the view of what the stages left, once at the end. */
export function assemble(state: ViewState): View {
  const layout = layOut(state);
  const { meter, history } = state;
  const messages = layout.messages.map(({ message }) => message);
  assertValid(messages);
  const { dropped, summarized, compacted } = accountFor(state, layout);
  return {
    messages,
    seqs: layout.messages.map(({ seq }) => seq),
    version: history.source.version,
    compacted,
    dropped,
    summarized,
    ...(meter === undefined
      ? {}
      : {
          tokens: meter.ofMessages(layout.messages),
          stablePrefixTokens: meter.ofMessages(stablePrefix(layout.messages)),
        }),
    ...(state.notices.length === 0 ? {} : { notices: state.notices }),
  };
}

/** A made-up result gives way to the real one, when that comes late. Everything before it stays until the next cut. */
function stablePrefix<
  Item extends { readonly seq: number | undefined; readonly message: View["messages"][number] },
>(messages: readonly Item[]): readonly Item[] {
  const end = messages.findIndex(({ seq, message }) => seq === undefined && message.role === "tool");
  return end === -1 ? messages : messages.slice(0, end);
}
