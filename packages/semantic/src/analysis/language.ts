import snowball from "snowball-stemmers";
import { english } from "./languages/english.ts";
import { french } from "./languages/french.ts";
import { german } from "./languages/german.ts";
import { italian } from "./languages/italian.ts";
import { type LanguageData, type QuestionKind, questionKinds } from "./languages/language-data.ts";
import { portuguese } from "./languages/portuguese.ts";
import { spanish } from "./languages/spanish.ts";
import { fold } from "./text.ts";

/** The languages that the analysis knows. Texts in others are indexed by their words as they are. */
export type LanguageName = "en" | "es" | "fr" | "de" | "it" | "pt";

const languageData: { readonly [Name in LanguageName]: LanguageData } = {
  en: english,
  es: spanish,
  fr: french,
  de: german,
  it: italian,
  pt: portuguese,
};

export const languageNames: readonly LanguageName[] = Object.keys(languageData) as LanguageName[];

export interface Language {
  readonly name: LanguageName;
  readonly data: LanguageData;
  readonly stop: ReadonlySet<string>;
  readonly frame: ReadonlySet<string>;
  readonly self: ReadonlySet<string>;
  readonly prepositions: ReadonlySet<string>;
  readonly joiners: ReadonlySet<string>;
  readonly both: ReadonlySet<string>;
  /** What a word is indexed as: its base form, stemmed, without accents. */
  term(word: string): string;
  /** The kinds of question that a text asks, as bits in the order of `questionKinds`. */
  kinds(text: string): number;
}

/** How many words a language remembers the terms of. */
const rememberedTerms = 50_000;
/** The stemmers' time grows with the square of a word, and no word with endings is longer. */
const longestStemmed = 40;
const longestQuestion = 400;

export function createLanguage(name: LanguageName): Language {
  const data: LanguageData = languageData[name];
  const stemmer = snowball.newStemmer(data.stemmer);
  const forms = baseForms(data.forms);
  const terms = new Map<string, string>();
  const kinds = questionKinds.map((kind) => data.kinds[kind]);
  return {
    name,
    data,
    stop: setOf(data.stop),
    frame: setOf(data.frame),
    self: setOf(data.self),
    prepositions: setOf(data.prepositions),
    joiners: setOf(data.joiners),
    both: setOf(data.both),
    term(word) {
      let term = terms.get(word);
      if (term === undefined) {
        if (terms.size >= rememberedTerms) terms.clear();
        const base = forms.get(word) ?? word;
        // Accents go last: the endings that a stemmer knows have theirs.
        term = fold(base.length <= longestStemmed ? stemmer.stem(base) : base);
        terms.set(word, term);
      }
      return term;
    },
    kinds(text) {
      const asked = text.length <= longestQuestion ? text : text.slice(0, longestQuestion);
      let bits = 0;
      for (let kind = 0; kind < kinds.length; kind++) if (kinds[kind]?.test(asked)) bits |= 1 << kind;
      return bits;
    },
  };
}

export function kindBit(kind: QuestionKind): number {
  return 1 << questionKinds.indexOf(kind);
}

export function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/).filter((word) => word !== ""));
}

/** Every form with the base form of its line. A base form that is a form in another line is taken there. */
function baseForms(lines: string): ReadonlyMap<string, string> {
  const direct = new Map<string, string>();
  for (const line of lines.split("\n")) {
    const [base, ...forms] = line.trim().split(/\s+/);
    for (const form of forms) if (base !== undefined && !direct.has(form)) direct.set(form, base);
  }
  const bases = new Map<string, string>();
  for (const [form, base] of direct) bases.set(form, direct.get(base) ?? base);
  return bases;
}
