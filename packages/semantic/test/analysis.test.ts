import { isOneEditAway } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { calendarTimes } from "../src/analysis/calendar.ts";
import { createAnalysis, likeliestLanguage } from "../src/analysis/create-analysis.ts";
import { eventTimes } from "../src/analysis/event-times.ts";
import { type LanguageName, languageNames } from "../src/analysis/language.ts";
import { asksIn, timesIn } from "../src/analysis/marks.ts";
import { identifiersOf, sentencesOf, wordsOf } from "../src/analysis/text.ts";
import { findSubject, nameCandidates } from "../src/question/find-subject.ts";
import { parseQuestion } from "../src/question/parse-question.ts";
import { replacementsFor } from "../src/question/repair-terms.ts";

const analysis = createAnalysis();
const friday = Date.UTC(2024, 2, 1, 18);

function termsOf(text: string, language: LanguageName = "en"): readonly string[] {
  return analysis.analyse(text, language, friday).terms.map(([term]) => term);
}

describe("words", () => {
  it("are in lower case, without possessives, and of any script", () => {
    expect(wordsOf("Anna’s DOG, 42 años — naïve", analysis.segmenter)).toEqual([
      "anna",
      "dog",
      "42",
      "años",
      "naïve",
    ]);
    expect(wordsOf("我喜欢北京", analysis.segmenter).length).toBeGreaterThan(1);
  });

  it("bring different forms of a word to one term", () => {
    expect(new Set(["went", "goes", "going", "gone"].flatMap((word) => termsOf(word)))).toEqual(
      new Set(["go"]),
    );
    expect(termsOf("children kids child")).toEqual(["kid"]);
    const spanish = ["empezar", "empiezo", "empezó", "empezamos"].flatMap((word) => termsOf(word, "es"));
    expect(new Set(spanish).size).toBe(1);
    // Stemmed before the accents are removed.
    expect(termsOf("canción canciones", "es")).toHaveLength(1);
  });

  it("each language has stop words, and the rest is stemmed", () => {
    const texts: { readonly [name in LanguageName]: readonly [text: string, terms: number] } = {
      en: ["what is the dog and who are they", 1],
      es: ["cuál es el perro y quiénes son ellos", 1],
      fr: ["quel est le chien et qui sont ils", 1],
      de: ["was ist der Hund und wer sind sie", 1],
      it: ["quale è il cane e chi sono loro", 1],
      pt: ["qual é o cão e quem são eles", 1],
    };
    for (const name of languageNames) {
      const [text, count] = texts[name];
      expect(termsOf(text, name).length, name).toBe(count);
    }
  });

  it("keep identifiers, addresses and numbers whole, beside their parts", () => {
    expect(termsOf("see INV-2024-0042 of a.b@example.com")).toEqual(
      expect.arrayContaining(["inv-2024-0042", "a.b@example.com", "inv", "2024", "0042"]),
    );
    expect(identifiersOf("call getUserName in src/main.ts, not self-care")).toEqual([
      "src/main.ts",
      "get",
      "user",
      "name",
    ]);
  });
});

describe("sentences", () => {
  it("are questions when they end in a question mark", () => {
    const texts = sentencesOf('Hello. Is it "true?" Yes! ¿Vienes? 好吗？好。\nNext line');
    expect(texts.map(({ isQuestion }) => isQuestion)).toEqual([false, true, false, true, true, false, false]);
  });
});

describe("marks", () => {
  it("say whether a text asks and names a time", () => {
    const { marks, names } = analysis.analyse("Did you see Marta yesterday?", "en", friday);
    expect([asksIn(marks), timesIn(marks), names]).toEqual([true, 1, ["marta"]]);
    expect(analysis.analyse("Der Hund mag Käse", "de", friday).names).toEqual([]);
  });
});

describe("languages", () => {
  it.each([
    ["en", "the dog was in the garden with them"],
    ["es", "el perro estaba en el jardín con ellos"],
    ["fr", "le chien était dans le jardin avec eux"],
    ["de", "der Hund war mit ihnen im Garten"],
    ["it", "il cane era nel giardino con loro"],
    ["pt", "o cachorro estava no jardim com eles"],
  ] as const)("%s is known by its stop words", (name, text) => {
    const counts = new Map<LanguageName, number>();
    analysis.countStopWords(text, counts);
    expect(likeliestLanguage(counts)).toBe(name);
  });
});

describe("times", () => {
  const day = (month: number, date: number): number => Date.UTC(2024, month - 1, date);
  const about = (text: string, language: LanguageName = "en"): readonly (readonly [string, string])[] =>
    eventTimes(text, friday, analysis.relativeTimes(language), analysis.calendar).map(({ from, to }) => [
      new Date(from).toISOString().slice(0, 10),
      new Date(to).toISOString().slice(0, 10),
    ]);

  it.each([
    ["en", "We met yesterday", "2024-02-29", "2024-02-29"],
    ["en", "last night it rained", "2024-02-29", "2024-02-29"],
    ["en", "on Tuesday", "2024-02-27", "2024-02-27"],
    ["en", "next Monday", "2024-03-04", "2024-03-04"],
    ["en", "a couple of weeks ago", "2024-02-13", "2024-02-19"],
    ["en", "last month", "2024-02-01", "2024-02-29"],
    ["en", "in January", "2024-01-01", "2024-01-31"],
    ["es", "lo vi ayer", "2024-02-29", "2024-02-29"],
    ["es", "la semana pasada", "2024-02-20", "2024-02-26"],
    ["es", "hace tres meses", "2023-12-01", "2023-12-31"],
    ["es", "el próximo lunes", "2024-03-04", "2024-03-04"],
    ["de", "vor zwei Jahren", "2022-01-01", "2022-12-31"],
    ["fr", "hier", "2024-02-29", "2024-02-29"],
    ["it", "due settimane fa", "2024-02-13", "2024-02-19"],
    ["pt", "no mês passado", "2024-02-01", "2024-02-29"],
  ] as const)("%s: %s", (language, text, from, to) => {
    expect(about(text, language)).toContainEqual([from, to]);
  });

  it("of a question are calendar dates; without a year those of every year", () => {
    const span = { from: Date.UTC(2022, 0, 1), to: day(3, 1) };
    const ask = (text: string) => calendarTimes(text, span, analysis.calendar);
    expect(ask("What happened on May 7, 2023?")).toMatchObject([
      { grain: "day", from: Date.UTC(2023, 4, 7) },
    ]);
    expect(ask("¿Qué pasó el 7 de mayo de 2023?")).toMatchObject([
      { grain: "day", from: Date.UTC(2023, 4, 7) },
    ]);
    expect(ask("in June")).toHaveLength(3);
    expect(ask("you may march")).toEqual([]);
    expect(ask("2023-02-30")).toMatchObject([{ grain: "year" }]);
    expect(ask("between June 2023 and August 2023")).toMatchObject([
      { grain: "range", from: Date.UTC(2023, 5, 1), to: Date.UTC(2023, 8, 1) - 1 },
    ]);
  });
});

describe("questions", () => {
  const parse = (text: string, languages: readonly LanguageName[] = ["en"]) =>
    parseQuestion(text, analysis, languages);
  const subject = (text: string, speakers: readonly string[]): string | undefined => {
    const question = parse(text);
    const candidates = nameCandidates(question);
    return findSubject(question, candidates, (index) => speakers.includes(candidates[index]?.key ?? ""))?.key;
  };

  it("are about the first speaker they name, unless two are meant or the name is an object", () => {
    expect(subject("What did Nora buy?", ["nora", "piet"])).toBe("nora");
    expect(subject("What did Nora's dog eat?", ["nora"])).toBe("nora");
    expect(subject("What do Nora and Piet like?", ["nora", "piet"])).toBeUndefined();
    expect(subject("Who wrote to Nora?", ["nora"])).toBeUndefined();
    expect(subject("What did Ana María say?", ["ana maria", "ana"])).toBe("ana maria");
    expect(subject("Where will they go?", ["will"])).toBeUndefined();
    expect(subject("Where did Will go?", ["will"])).toBe("will");
  });

  it("are read in the language they are asked in, and searched in those of the index", () => {
    const { asked, terms } = parse("¿Dónde están comiendo Juan y Ana?", ["en", "es"]);
    expect(asked.name).toBe("es");
    expect(terms.find(({ word }) => word === "comiendo")?.forms).toHaveLength(2);
    expect(parse("Where is my son?", ["en", "es"]).terms.map(({ word }) => word)).toContain("son");
  });

  it("of any length are bounded", () => {
    const words = Array.from({ length: 50_000 }, (_, index) => `word${index}`).join(" ");
    expect(parse(words).terms.length).toBeLessThanOrEqual(96);
  });

  it("are repaired: other endings and typing errors, not numbers", () => {
    expect(isOneEditAway("pizza", "piza") && isOneEditAway("form", "from")).toBe(true);
    expect(isOneEditAway("pizza", "pasta")).toBe(false);
    expect(replacementsFor("gardn", ["garden", "gardner"]).map(({ term }) => term)).toEqual([
      "garden",
      "gardner",
    ]);
    expect(replacementsFor("12345", ["12346"])).toEqual([]);
  });
});
