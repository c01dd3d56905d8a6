import type { Analysis } from "../analysis/create-analysis.ts";
import { type Language, type LanguageName, languageNames } from "../analysis/language.ts";
import { fold, identifiersOf, wordsOf } from "../analysis/text.ts";

/** What is searched for in place of one word of the question. */
export interface QuestionTerm {
  /** The word as it was written, in lower case. */
  readonly word: string;
  /** Its terms in the languages of the index; a message that holds any of them holds the word. */
  readonly forms: readonly string[];
  readonly weight: number;
  /** Only looked for as it is, never repaired. */
  readonly exact?: true;
}

/** A question as it is before an index was asked about it. */
export interface Question {
  readonly text: string;
  /** The language that it is asked in. */
  readonly asked: Language;
  /** That one and those of the index. */
  readonly languages: readonly Language[];
  readonly words: readonly string[];
  readonly terms: readonly QuestionTerm[];
  /** The kinds of question it asks, as bits in the order of `questionKinds`. */
  readonly kinds: number;
}

/** A longer question is cut: nobody asks for so much at once, and the time of a search stays bounded. */
const longestText = 8192;
const mostWords = 512;
const mostTerms = 96;

const frameWeight = 0.6;

/** Terms are in the order of their words; the same in every process. */
export function parseQuestion(text: string, analysis: Analysis, names: readonly LanguageName[]): Question {
  const cut = text.length <= longestText ? text : text.slice(0, longestText);
  const words = wordsOf(cut, analysis.segmenter).slice(0, mostWords);
  const indexed = languageNames.filter((name) => names.includes(name));
  const asked = analysis.language(languageOf(words, indexed, analysis));
  const languages = [asked, ...indexed.filter((name) => name !== asked.name).map(analysis.language)];
  const terms = new Map<string, QuestionTerm>();
  const add = (term: QuestionTerm): void => {
    const key = term.forms[0];
    if (key !== undefined && terms.size < mostTerms && !terms.has(key)) terms.set(key, term);
  };
  words.forEach((word, index) => {
    // "son" is a word in an English question, whatever it is in the Spanish messages beside.
    if (asked.stop.has(word)) return;
    add({ word, forms: formsOf(word, languages), weight: asked.frame.has(word) ? frameWeight : 1 });
    const next = words[index + 1];
    // "smart watch" finds "smartwatch".
    if (next !== undefined && word.length > 2 && next.length > 2)
      add({ word: word + next, forms: formsOf(word + next, languages), weight: 1, exact: true });
  });
  for (const identifier of identifiersOf(cut))
    add({ word: identifier, forms: [fold(identifier)], weight: 1, exact: true });
  return { text: cut, asked, languages, words, terms: [...terms.values()], kinds: asked.kinds(cut) };
}

/** The language of a question: one of the index, unless another one clearly fits better. */
function languageOf(
  words: readonly string[],
  indexed: readonly LanguageName[],
  analysis: Analysis,
): LanguageName {
  const score = (name: LanguageName): number => {
    const { stop } = analysis.language(name);
    let stops = indexed.includes(name) ? 1.5 : 0;
    for (const word of words) if (stop.has(word)) stops++;
    return stops;
  };
  let best: LanguageName = indexed[0] ?? "en";
  for (const name of languageNames) if (score(name) > score(best)) best = name;
  return best;
}

/** The different terms of a word. */
export function formsOf(word: string, languages: readonly Language[]): readonly string[] {
  return [...new Set(languages.map(({ term }) => term(word)))];
}
