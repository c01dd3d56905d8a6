import type { EventInput, Store } from "@relevo/core";

/** A line: who says it, and what. */
export type Line = readonly [speaker: string, text: string];

export const garden: readonly Line[] = [
  ["Nora", "Hi Piet! How was the weekend?"],
  ["Piet", "Great, I went to Delft on Saturday and bought two plum trees."],
  ["Nora", "Lovely! Where will you plant them?"],
  ["Piet", "Behind the shed, next to the old well."],
  ["Nora", "I adopted a puppy yesterday. It is a beagle."],
  ["Piet", "Congratulations! What is the name of the puppy?"],
  ["Nora", "Biscuit, because of the colour."],
];

export const work: readonly Line[] = [
  ["Piet", "The invoice INV-2024-0042 is still open, please write to billing@example.com."],
  ["Nora", "I sent it twice. Their accountant is called Marta Olsen."],
  ["Piet", "Then we move the kickoff from 3 March to 10 March."],
];

export const cocina: readonly Line[] = [
  ["Lola", "¿Qué cenaste ayer?"],
  ["Tomás", "Hice unas croquetas de setas con la receta de mi abuela."],
  ["Lola", "Yo empecé un curso de cerámica en la calle del Olmo."],
];

export const friday: number = Date.UTC(2024, 2, 1, 18);

export function said([speaker, content]: Line, at: number = friday): EventInput {
  return { type: "message", at, body: { role: "user", content, metadata: { name: speaker } } };
}

export async function append(
  store: Pick<Store, "log">,
  tenant: string,
  session: string,
  lines: readonly Line[],
  at: number = friday,
): Promise<void> {
  await store.log.append(
    { tenant, session },
    lines.map((line, index) => said(line, at + index * 60_000)),
  );
}
