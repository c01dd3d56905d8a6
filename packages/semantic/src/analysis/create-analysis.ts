import type { SearchItem, SearchTerm } from "@relevo/core";
import { type CalendarNames, createCalendarNames } from "./calendar-names.ts";
import { eventTimes, type RelativeTimeWords, relativeTimeWords } from "./event-times.ts";
import { createLanguage, type Language, type LanguageName, languageNames } from "./language.ts";
import { packMarks, upToTwo } from "./marks.ts";
import { fold, identifiersOf, sentencesOf, speakerKey, wordsOf } from "./text.ts";

/**
 * Raised whenever the same text may give other terms, marks or times: an index that was written by another version has
 * to be rebuilt.
 */
export const analysisVersion = 1;

/** What the analysis finds in a text; the part of an item that does not depend on where the text stands. */
export type AnalysedText = Pick<SearchItem, "terms" | "marks" | "times" | "names">;

export interface Analysis {
  readonly segmenter: Intl.Segmenter;
  readonly calendar: CalendarNames;
  language(name: LanguageName): Language;
  relativeTimes(name: LanguageName): RelativeTimeWords;
  /** The words that speak for each language in a text, to be summed up over the texts of a stream. */
  countStopWords(text: string, counts: Map<LanguageName, number>): void;
  /** `at` is when the text was said. */
  analyse(text: string, language: LanguageName, at: number): AnalysedText;
}

/** A term that occurs more often in one text says nothing more by it. */
const highestCount = 255;

export function createAnalysis(): Analysis {
  const languages = new Map<LanguageName, Language>();
  const times = new Map<LanguageName, RelativeTimeWords>();
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  const calendar = createCalendarNames();

  function language(name: LanguageName): Language {
    let found = languages.get(name);
    if (found === undefined) {
      found = createLanguage(name);
      languages.set(name, found);
    }
    return found;
  }

  function relativeTimes(name: LanguageName): RelativeTimeWords {
    let found = times.get(name);
    if (found === undefined) {
      found = relativeTimeWords(language(name).data.relativeTimes);
      times.set(name, found);
    }
    return found;
  }

  return {
    segmenter,
    calendar,
    language,
    relativeTimes,
    countStopWords(text, counts) {
      for (const word of wordsOf(text, segmenter)) {
        for (const name of languageNames)
          if (language(name).stop.has(word)) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    },
    analyse(text, name, at) {
      const { stop, term, kinds, data } = language(name);
      const counts = new Map<string, [statements: number, questions: number]>();
      const count = (found: string, zone: 0 | 1): void => {
        let zones = counts.get(found);
        if (zones === undefined) {
          zones = [0, 0];
          counts.set(found, zones);
        }
        zones[zone] = Math.min(highestCount, zones[zone] + 1);
      };
      let asked = 0;
      let asks = false;
      for (const sentence of sentencesOf(text)) {
        const zone = sentence.isQuestion ? 1 : 0;
        if (sentence.isQuestion) {
          asks = true;
          asked |= kinds(sentence.text);
        }
        for (const word of wordsOf(sentence.text, segmenter)) if (!stop.has(word)) count(term(word), zone);
        for (const identifier of identifiersOf(sentence.text)) count(fold(identifier), zone);
      }
      const found = eventTimes(text, at, relativeTimes(name), calendar);
      return {
        terms: [...counts].map(
          ([word, [statements, questions]]): SearchTerm => [word, statements, questions],
        ),
        marks: packMarks({
          asks,
          kinds: asked,
          titles: upToTwo(text.match(/["“]\p{Lu}/gu)?.length ?? 0),
          times: upToTwo(found.length),
        }),
        names: data.capitalsAreNames ? namesIn(text) : [],
        times: found.flatMap(({ from, to }) => (Number.isFinite(from + to) ? [from, to] : [])),
      };
    },
  };
}

/** The language most of whose stop words stand in the texts; English when there are none. */
export function likeliestLanguage(counts: ReadonlyMap<LanguageName, number>): LanguageName {
  let best: LanguageName = "en";
  for (const name of languageNames) if ((counts.get(name) ?? 0) > (counts.get(best) ?? 0)) best = name;
  return best;
}

const mostNames = 8;

/** Words with a capital inside a sentence: people, places, works. */
function namesIn(text: string): readonly string[] {
  const names: string[] = [];
  for (const [name] of text.matchAll(/(?<=[\p{Ll},;:'"“] ["“]?)\p{Lu}\p{Ll}+/gu)) {
    if (names.length === mostNames) break;
    names.push(speakerKey(name));
  }
  return names;
}
