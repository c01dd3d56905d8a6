import { wordsOf } from "./words.ts";

export type Language = "es" | "en";

const common: Readonly<Record<Language, ReadonlySet<string>>> = {
  es: new Set(
    "de la el que en y los las un una para con por su se del nos es al como mas pero sus le ya o este si porque esta entre cuando muy sin sobre me hay donde quien desde todo necesitamos queremos estamos somos hola gracias buenos dias empresa".split(
      " ",
    ),
  ),
  en: new Set(
    "the of and to in a is that for it with as was on be at by this have from or we our are us you your an not but can would need want hello hi thanks please looking company team".split(
      " ",
    ),
  ),
};

/** Spanish when it has more of the common Spanish words than English ones, or Spanish signs; otherwise English. */
export function detectLanguage(text: string): Language {
  const words = wordsOf(text);
  const count = (language: Language): number => words.filter((word) => common[language].has(word)).length;
  const signs = /[ñ¿¡]/i.test(text) ? 2 : 0;
  return count("es") + signs > count("en") ? "es" : "en";
}
