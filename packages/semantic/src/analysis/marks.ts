import { questionKinds } from "./languages/language-data.ts";

/** Facts about a text, as they are packed into the bits of `SearchItem.marks`. */
export interface Marks {
  /** Whether the text has a question. */
  readonly asks: boolean;
  /** The kinds of its questions, as bits in the order of `questionKinds`. */
  readonly kinds: number;
  /** Titles in quotes: none, one, or more. */
  readonly titles: 0 | 1 | 2;
  /** Times that it names: none, one, or more. */
  readonly times: 0 | 1 | 2;
}

const kindsShift = 1;
const kindsMask: number = (1 << questionKinds.length) - 1;
const titlesShift: number = kindsShift + questionKinds.length;
const timesShift: number = titlesShift + 2;
const importanceShift: number = timesShift + 2;
const importanceSteps = 15;

export function packMarks({ asks, kinds, titles, times }: Marks): number {
  return (asks ? 1 : 0) | (kinds << kindsShift) | (titles << titlesShift) | (times << timesShift);
}

export function asksIn(marks: number): boolean {
  return (marks & 1) === 1;
}

export function kindsIn(marks: number): number {
  return (marks >> kindsShift) & kindsMask;
}

export function titlesIn(marks: number): number {
  return (marks >> titlesShift) & 3;
}

export function timesIn(marks: number): number {
  return (marks >> timesShift) & 3;
}

/** Marks with how important the text is, from 0 to 1, in steps of a fifteenth. */
export function withImportance(marks: number, importance: number): number {
  return marks | (Math.round(importance * importanceSteps) << importanceShift);
}

export function importanceIn(marks: number): number {
  return ((marks >> importanceShift) & importanceSteps) / importanceSteps;
}

export function upToTwo(count: number): 0 | 1 | 2 {
  return count >= 2 ? 2 : count === 1 ? 1 : 0;
}
