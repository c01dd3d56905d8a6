import type { SearchChange, SearchIndex, SearchItem } from "@relevo/core";

export const searchTenant = "acme";
const terms = 30_000;
const wordsOfMessage = 14;
const minuteMs = 60_000;
const begin: number = Date.UTC(2024, 0, 1);

/** Numbers from 0 to 1, the same for the same seed (the Park–Miller generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A rank by Zipf's law, as words without stop words have it: the most frequent one is in about every tenth message. */
function rankOf(random: number): number {
  return Math.floor(50 * (terms / 50 + 1) ** random) - 50;
}

/** Messages of one session, as an analysis gives them. */
export function searchItems(count: number, seed: number, after = 0, dimensions = 0): readonly SearchItem[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, index) => {
    const words = new Map<string, number>();
    for (let word = 0; word < wordsOfMessage; word++) {
      const term = `w${rankOf(random())}`;
      words.set(term, (words.get(term) ?? 0) + 1);
    }
    return {
      position: after + index + 1,
      terms: [...words].map(([term, times]) => [term, times, index % 4 === 0 ? 1 : 0] as const),
      at: begin + seed * 60 * minuteMs + index * minuteMs,
      marks: Math.floor(random() * 200),
      speaker: `speaker ${index % 2 === 0 ? seed % 500 : "agent"}`,
      ...(index % 5 === 0 ? { names: [`name ${Math.floor(random() * 2000)}`] } : {}),
      ...(dimensions === 0
        ? {}
        : { vector: Array.from({ length: dimensions }, () => random() + random() + random() - 1.5) }),
    };
  });
}

export function searchChange(session: number, items: readonly SearchItem[], after = 0): SearchChange {
  return {
    stream: { kind: "session", session: `s-${session}`, incarnation: "i" },
    revision: 0,
    after,
    through: after + items.length,
    items,
    language: "en",
    progress: { through: after + items.length },
  };
}

/** Fills an index with sessions of 50 messages. */
export async function fillSearch(index: SearchIndex, messages: number, dimensions = 0): Promise<void> {
  for (let session = 0; session < messages / 50; session++)
    await index.write(searchTenant, searchChange(session, searchItems(50, session + 1, 0, dimensions)));
}

/** The words of questions: some frequent, some rare. */
export function searchQuestion(seed: number): readonly string[] {
  const random = randomNumbers(seed);
  return [20, 60, 200, 600, 2000, 8000].map((rank) => `w${Math.floor(rank * (0.5 + random()))}`);
}
