import type { EventInput, Message, SessionAddress, Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";

/** Where a session of one size is. */
export interface Place {
  readonly store: Store;
  readonly address: SessionAddress;
}

const batch = 500;

/** A session with these messages, in a store of its own. */
export function sessionOf(messages: readonly Message[]): Promise<Place> {
  return sessionOfEvents(messages.map((body) => ({ type: "message", body })));
}

export async function sessionOfEvents(events: readonly EventInput[]): Promise<Place> {
  const place = emptySession();
  await appendAll(place, events);
  return place;
}

export function emptySession(): Place {
  const store = createMemoryStore({ maxSessionBytes: 2 ** 33, sweepIntervalMs: 0 });
  return { store, address: { tenant: "tenant", session: "session" } };
}

export async function appendAll({ store, address }: Place, events: readonly EventInput[]): Promise<void> {
  for (let from = 0; from < events.length; from += batch) {
    await store.log.append(address, events.slice(from, from + batch));
  }
}
