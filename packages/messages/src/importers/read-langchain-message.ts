import type { JsonObject, Message } from "@relevo/core";
import { refuse } from "@relevo/core/input";
import { messageOf } from "./finish-import.ts";
import { takeLangchainMessage } from "./langchain.ts";
import { Run } from "./run.ts";
import { fieldOf, Source } from "./source.ts";

/**
 * One message of LangChain, in any form that `importMessages("langchain", …)` reads, by itself: it gets no id when it has
 * none, no time, and no name of a tool that only an earlier message says. For adapters, which keep the rest: what the message
 * does not say is not in `native` either.
 *
 * @throws `invalid-input` with the place in `items[0]`, also for a `RemoveMessage`.
 */
export function readLangchainMessage(item: JsonObject): Message {
  const run = new Run("langchain");
  takeLangchainMessage(new Source(item, 0), run);
  const [draft] = run.drafts;
  if (draft === undefined) throw refuse(fieldOf(0, ""), "is an instruction to a reducer and no message.");
  return messageOf(draft, draft.id || undefined);
}
