import { isEvent, readPages, type StoredEvent } from "@relevo/core";
import type { Session } from "@relevo/memory";
import type { Entry } from "@relevo/messages";

/** What a log holds, read forward and by no strategy. */
export interface Truth {
  /** Effective messages that still have their content. */
  readonly entries: readonly Entry[];
  /** Places of effective messages that were erased. */
  readonly erased: readonly number[];
  readonly version: number;
}

export async function truthOf(session: Session): Promise<Truth> {
  const events: StoredEvent[] = [];
  let version = 0;
  for await (const page of readPages((options) => session.events(options), { limit: 1000 })) {
    events.push(...page.events);
    version = page.version;
  }
  const messages = events.filter(({ type }) => type === "message");
  return {
    entries: messages.flatMap((event) =>
      isEvent(event, "message")
        ? [{ seq: event.seq, message: event.body, pinned: event.pinned === true }]
        : [],
    ),
    erased: messages.flatMap((event) => (isEvent(event, "message") ? [] : [event.seq])),
    version,
  };
}
