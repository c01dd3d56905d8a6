import type { HandoffArrangement } from "@relevo/core";
import { arrangeContext, type ChosenEntry } from "../context/arrange-context.ts";
import { answerAt, type CallPlace } from "../context/transfer-call.ts";
import type { RebuiltMessage } from "./rebuilt-message.ts";

/**
 * What the receiver was given of these chosen messages. A placeholder precedes the message that was chosen after it, as
 * far as that can be determined.
 */
export function rearrange(
  chosen: readonly RebuiltMessage[],
  { for: provider, answered }: HandoffArrangement,
): readonly RebuiltMessage[] {
  const entries: ChosenEntry[] = [];
  const holes: { readonly hole: RebuiltMessage; readonly before: number }[] = [];
  let place: CallPlace | undefined;
  let index = 0;
  for (const one of chosen) {
    if (answered?.at === index && "message" in one) place = { at: entries.length, part: answered.part };
    if (!("message" in one)) holes.push({ hole: one, before: entries.length });
    else {
      const { message } = one;
      entries.push({ message, derivedFrom: [], ...(one.source === "log" ? { seq: one.seq } : {}) });
    }
    index += "to" in one ? one.to - one.seq + 1 : 1;
  }
  const arranged = arrangeContext(entries, answerAt(entries, place, answered?.text ?? ""), provider);

  const firstFrom = new Map<ChosenEntry, number>();
  arranged.forEach(({ from }, at) => {
    for (const entry of from) if (!firstFrom.has(entry)) firstFrom.set(entry, at);
  });
  const messages: RebuiltMessage[] = [];
  let next = 0;
  arranged.forEach(({ message, seq }, at) => {
    for (; next < holes.length; next++) {
      const { hole, before } = holes[next] ?? {};
      const follower = entries[before ?? 0];
      const stands = follower === undefined ? undefined : firstFrom.get(follower);
      if (hole === undefined || stands === undefined || stands > at) break;
      messages.push(hole);
    }
    messages.push(seq === undefined ? { source: "arranged", message } : { source: "log", seq, message });
  });
  for (; next < holes.length; next++) {
    const hole = holes[next]?.hole;
    if (hole !== undefined) messages.push(hole);
  }
  return messages;
}
