import type { View, ViewForm } from "@relevo/core";
import { assertValid, type ViewMessage } from "@relevo/messages";
import { accountFor } from "./accounting.ts";
import { layOut } from "./layout.ts";
import { omissionsOf } from "./omissions.ts";
import type { ViewState } from "./view-state.ts";

/** Makes the view from the result of the stages, once at the end. */
export function assemble(state: ViewState): View {
  const layout = layOut(state);
  const { meter, history } = state;
  const messages = layout.messages.map(({ message }) => message);
  assertValid(messages, state.form);
  const notices = [...state.notices, ...omissionsOf(layout.shown, state.form.for)];
  const { dropped, summarized, compacted } = accountFor(state, layout);
  return {
    messages,
    seqs: layout.messages.map(({ seq }) => seq),
    version: history.source.version,
    removalRevision: history.source.removalRevision,
    compacted,
    dropped,
    summarized,
    ...(meter === undefined
      ? {}
      : {
          tokens: meter.ofMessages(layout.messages),
          stablePrefixTokens: meter.ofMessages(stablePrefix(layout.messages, state.form)),
        }),
    ...(notices.length === 0 ? {} : { notices }),
  };
}

/**
 * A made-up result gives way to the real one, when that comes late, and an end that was made for the model to what is
 * said next. Everything before it stays until the next cut.
 */
function stablePrefix(messages: readonly ViewMessage[], { prefill }: ViewForm): readonly ViewMessage[] {
  const end = messages.findIndex(({ seq, message }) => seq === undefined && message.role === "tool");
  if (end !== -1) return messages.slice(0, end);
  return prefill === undefined ? messages : messages.slice(0, -1);
}
