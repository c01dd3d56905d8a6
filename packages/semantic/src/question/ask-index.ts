import type {
  CallOptions,
  SearchFilter,
  SearchIndex,
  SearchIndexState,
  SearchPostings,
  SearchReading,
} from "@relevo/core";
import { calendarTimes, type NamedTime } from "../analysis/calendar.ts";
import type { Analysis } from "../analysis/create-analysis.ts";
import { eventTimes } from "../analysis/event-times.ts";
import { languageNames } from "../analysis/language.ts";
import { speakerKey, wordsOf } from "../analysis/text.ts";
import type { ScoredTerm, WeightedPostings } from "../scoring/lexical.ts";
import type { PreparedQuestion, ScoredItem } from "../scoring/score-question.ts";
import { findSubject, type NameCandidate, nameCandidates } from "./find-subject.ts";
import { formsOf, parseQuestion, type Question, type QuestionTerm } from "./parse-question.ts";
import { type Replacement, replacementsFor, type SplitWord, splitsOf } from "./repair-terms.ts";

export interface AskOptions {
  /** Of the index, as it was a moment ago. */
  readonly state: SearchIndexState;
  readonly filter: SearchFilter;
  readonly now?: number | undefined;
  readonly asker?: string | undefined;
  readonly vector?: readonly number[] | undefined;
  readonly nearest: number;
  readonly recency?: PreparedQuestion["recency"];
  readonly importance?: number | undefined;
}

/** So many words that the index lacks are repaired; each costs a look at the vocabulary. */
const mostRepaired = 16;

/** A word of the question with the terms to look for in its place, in the order of the request. */
interface WantedTerm {
  readonly term: QuestionTerm;
  /** The word or, when the index lacks it, what may have been meant. */
  readonly replacements: readonly Replacement[];
  /** For a word that the index lacks. */
  readonly splits: readonly SplitWord[];
}

/**
 * Asks an index a question, and scores its reading. At most two calls: for the words that the index lacks, and for
 * the postings.
 */
export async function askIndex(
  index: SearchIndex,
  tenant: string,
  text: string,
  analysis: Analysis,
  { state: { languages, span, items }, filter, now, asker, vector, nearest, recency, importance }: AskOptions,
  score: (reading: SearchReading, question: PreparedQuestion) => readonly ScoredItem[],
  call: CallOptions,
): Promise<readonly ScoredItem[]> {
  if (items === 0 || span === undefined) return [];
  const question = parseQuestion(
    text,
    analysis,
    languageNames.filter((name) => Object.hasOwn(languages, name)),
  );
  const wanted = await repaired(index, tenant, question, call);
  const times = questionTimes(question, span, now, analysis);
  const candidates = nameCandidates(question);
  const names = candidates.map(({ key }) => key);
  const asksOfSelf = asker !== undefined && question.words.some((word) => question.asked.self.has(word));
  if (asksOfSelf) names.push(speakerKey(asker));
  const terms = [...new Set(wanted.flatMap(termsOf))];
  const ranges = times.flatMap(({ from, to, grain }) => (grain === "year" ? [] : [from, to]));
  return index.read(
    tenant,
    { terms, speakers: names, times: ranges, filter, ...(vector === undefined ? {} : { vector, nearest }) },
    (reading) => {
      const isSpeaker = (candidate: number): boolean => (reading.asked[candidate] ?? -1) >= 0;
      const subject = findSubject(question, candidates, isSpeaker);
      const asked = asksOfSelf && subject === undefined ? (reading.asked.at(-1) ?? -1) : undefined;
      const lists = new Map(terms.map((term, place) => [term, reading.postings[place]]));
      const others = scoredTerms(wanted, lists, namesOf(subject, question, analysis));
      return score(reading, {
        // Who only says a name wants to hear where it was said.
        terms: others.length > 0 || times.length > 0 ? others : scoredTerms(wanted, lists, new Set()),
        kinds: question.kinds,
        times,
        recency,
        importance,
        subject: asked ?? (subject === undefined ? -1 : (reading.asked[candidates.indexOf(subject)] ?? -1)),
      });
    },
    call,
  );
}

function termsOf({ replacements, splits }: WantedTerm): readonly string[] {
  return [...replacements.map(({ term }) => term), ...splits.flatMap(({ left, right }) => [left, right])];
}

async function repaired(
  index: SearchIndex,
  tenant: string,
  question: Question,
  call: CallOptions,
): Promise<readonly WantedTerm[]> {
  const groups = question.terms.filter(({ exact }) => exact !== true);
  const found = await index.lookup(
    tenant,
    groups.map(({ forms }) => forms),
    call,
  );
  const similar = new Map(groups.map((term, place) => [term, found[place]]));
  let left = mostRepaired;
  return question.terms.map((term): WantedTerm => {
    const alike = similar.get(term);
    if (alike === undefined || left <= 0) {
      const replacements = term.forms.map((form) => ({ term: form, weight: 1 }));
      return { term, replacements, splits: [] };
    }
    left--;
    const replacements = replacementsFor(term.forms[0] ?? "", alike);
    return { term, replacements, splits: splitsOf(term, question) };
  });
}

function questionTimes(
  { text, asked }: Question,
  span: { readonly from: number; readonly to: number },
  now: number | undefined,
  analysis: Analysis,
): readonly NamedTime[] {
  const named = calendarTimes(text, span, analysis.calendar);
  const relative =
    now === undefined ? [] : eventTimes(text, now, analysis.relativeTimes(asked.name), analysis.calendar);
  // Beyond what a date can hold, there are no numbers.
  return [...named, ...relative].filter(({ from, to }) => Number.isFinite(from + to));
}

/** The terms of the subject's name: who speaks is a reason by itself, and not a word to look for. */
function namesOf(
  subject: NameCandidate | undefined,
  { text, languages }: Question,
  analysis: Analysis,
): ReadonlySet<string> {
  if (subject === undefined) return new Set();
  const words = wordsOf(text.slice(subject.from, subject.to), analysis.segmenter);
  return new Set(words.flatMap((word) => formsOf(word, languages)));
}

function scoredTerms(
  wanted: readonly WantedTerm[],
  lists: ReadonlyMap<string, SearchPostings | undefined>,
  names: ReadonlySet<string>,
): readonly ScoredTerm[] {
  const scored: ScoredTerm[] = [];
  for (const { term, replacements, splits } of wanted) {
    if (term.forms.some((form) => names.has(form))) continue;
    const apart = splits.length === 0 ? undefined : heldTogether(splits, lists);
    const postings: WeightedPostings[] = [];
    for (const { term: other, weight } of apart === undefined ? replacements : []) {
      const list = lists.get(other);
      if (list !== undefined) postings.push({ list, weight });
    }
    if (apart !== undefined) postings.push({ list: apart, weight: 1 });
    if (postings.length === 0) continue;
    const holders = postings.reduce((sum, { list }) => sum + list.holders, 0);
    scored.push({ word: term.word, weight: term.weight, holders, postings });
  }
  return scored;
}

/** The items that hold both halves of a word; `undefined` when there are none. */
function heldTogether(
  splits: readonly SplitWord[],
  lists: ReadonlyMap<string, SearchPostings | undefined>,
): SearchPostings | undefined {
  const both = new Set<number>();
  for (const { left, right } of splits) {
    const [first, second] = [lists.get(left), lists.get(right)];
    if (first === undefined || second === undefined) continue;
    const [shorter, longer] = first.holders <= second.holders ? [first, second] : [second, first];
    const held = new Set(holdersOf(shorter));
    for (const item of holdersOf(longer)) if (held.has(item)) both.add(item);
  }
  if (both.size === 0) return undefined;
  return {
    holders: both.size,
    count: both.size,
    items: Int32Array.from(both),
    counts: new Uint16Array(both.size).fill(1),
  };
}

function* holdersOf({ items, counts, count }: SearchPostings): Generator<number, void, void> {
  for (let place = 0; place < count; place++) if (counts[place] !== 0) yield items[place] as number;
}
