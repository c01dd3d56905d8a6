import type { MemoryStore, Runtime } from "../runtime.ts";

/** One store, and what is counted of it. */
export interface StatsPlace {
  readonly name: "durable" | "volatile" | "archive";
  readonly store: MemoryStore;
  readonly sessions?: "sessions" | "archive" | undefined;
  readonly documents?: "durable" | "volatile" | undefined;
}

/** The stores of a memory, each once. */
export function placesOf({ durable, volatile, sessions, archive }: Runtime): readonly StatsPlace[] {
  const sessionsIn = (store: MemoryStore): StatsPlace["sessions"] =>
    store === sessions ? "sessions" : store === archive ? "archive" : undefined;
  const places: StatsPlace[] = [
    { name: "durable", store: durable, sessions: sessionsIn(durable), documents: "durable" },
  ];
  if (volatile !== durable)
    places.push({ name: "volatile", store: volatile, sessions: sessionsIn(volatile), documents: "volatile" });
  if (archive !== undefined && archive !== durable && archive !== volatile)
    places.push({ name: "archive", store: archive, sessions: "archive" });
  return places;
}
