import { type JsonValue, MemoryError } from "@relevo/core";

/** A space of vectors, as an embedder promises it. */
export interface VectorSpace {
  readonly model: string;
  readonly dimensions: number;
}

/**
 * The vectors of an answer, checked: one for each text, in the promised dimensions, of finite numbers, none of them zero
 * as a whole, since a zero vector has no direction and would be alike to everything or nothing.
 *
 * @throws `corrupt` with `details.reason` = `form` | `count` | `dimensions` | `not-finite` | `zero`.
 */
export function checkVectors(
  vectors: unknown,
  texts: number,
  space: VectorSpace,
): readonly (readonly number[])[] {
  if (!Array.isArray(vectors)) throw badAnswer(space, "form", "gave no list of vectors.");
  if (vectors.length !== texts)
    throw badAnswer(space, "count", `gave ${vectors.length} vectors for ${texts} texts.`);
  for (let index = 0; index < texts; index++) checkVector(vectors[index], index, space);
  return vectors as readonly (readonly number[])[];
}

function checkVector(vector: unknown, index: number, space: VectorSpace): void {
  const { dimensions } = space;
  if (!Array.isArray(vector)) throw badAnswer(space, "form", `gave no array of numbers for text ${index}.`);
  if (vector.length !== dimensions) {
    const problem = `gave a vector of ${vector.length} dimensions, and dimensions is ${dimensions}. Set dimensions to what the model has.`;
    throw badAnswer(space, "dimensions", problem, { index, actual: vector.length });
  }
  let isZero = true;
  for (let at = 0; at < dimensions; at++) {
    const number: unknown = vector[at];
    if (!Number.isFinite(number))
      throw badAnswer(
        space,
        "not-finite",
        `gave a vector for text ${index} with something else than numbers.`,
        { index },
      );
    if (number !== 0) isZero = false;
  }
  if (isZero)
    throw badAnswer(space, "zero", `gave a zero vector for text ${index}, which has no meaning.`, { index });
}

export function badAnswer(
  { model }: VectorSpace,
  reason: "form" | "count" | "dimensions" | "not-finite" | "zero",
  problem: string,
  details: { readonly [name: string]: JsonValue } = {},
): MemoryError {
  return new MemoryError("corrupt", `The embedding model ${model} ${problem}`, {
    details: { reason, model, ...details },
  });
}
