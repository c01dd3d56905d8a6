import { defaultLimits, type EventInput, type IdGenerator, type Message } from "@relevo/core";
import { admitEvent } from "@relevo/core/input";
import type { NewMessage } from "../context/appended-snapshot.ts";

/** The messages that caused a handoff, as they are appended, and as a context shows them. */
export interface AdmittedCause {
  readonly events: readonly EventInput[];
  readonly messages: readonly NewMessage[];
}

/**
 * The messages, checked and copied, each with an id and a time when it has none, as `append` of a session does it.
 *
 * @throws `invalid-input` that names the message; `too-large`.
 */
export function admitCause(
  cause: Message | readonly Message[] | undefined,
  { ids, now }: { readonly ids: IdGenerator; readonly now: number },
): AdmittedCause {
  const given = cause === undefined ? [] : isList(cause) ? cause : [cause];
  const events: EventInput[] = [];
  const messages: NewMessage[] = [];
  for (const [index, one] of given.entries()) {
    const named: Message = { ...one, id: one?.id ?? ids.next(), at: one?.at ?? now };
    const speaker = typeof one?.agent === "string" ? { agent: one.agent } : {};
    const { event } = admitEvent(
      { type: "message", at: now, ...speaker, body: named },
      `cause[${index}]`,
      defaultLimits,
    );
    if (event.type !== "message") continue;
    events.push(event);
    messages.push({ message: event.body, at: now });
  }
  return { events, messages };
}

function isList(cause: Message | readonly Message[]): cause is readonly Message[] {
  return Array.isArray(cause);
}
