import type { Lead } from "../lead.ts";
import { judgeMailDomain } from "./mail-domains.ts";
import { findPhrases, type Phrase, wordsOf } from "./words.ts";

export interface SpamJudgement {
  readonly weight: number;
  readonly spam: boolean;
  readonly reasons: readonly string[];
}

/** From this weight on a message is spam. */
export const spamThreshold = 5;

const bait: readonly Phrase[] = [
  ..."viagra cialis casino casinos lottery jackpot bitcoin crypto forex backlinks escorts loteria apuestas criptomonedas".split(
    " ",
  ),
  "click here",
  "click the link",
  "act now",
  "you have won",
  "youve won",
  "congratulations you",
  "million dollars",
  "millones de dolares",
  "make money",
  "earn money",
  "work from home",
  "double your",
  "guaranteed returns",
  "guaranteed income",
  "risk free",
  "no risk",
  "wire transfer",
  "seo services",
  "first page of google",
  "rank your",
  "rank number",
  "cheap loans",
  "payday loan",
  "haz clic",
  "haga clic",
  "has ganado",
  "ha ganado",
  "gana dinero",
  "ganar dinero",
  "dinero facil",
  "ingresos garantizados",
  "prestamos rapidos",
  "sin riesgo",
];

/**
 * Weighs what spam does: bait phrases 2 each (at most 6), two links 2 and from three on 3, a throwaway address 4,
 * shouting 2, rows of exclamation marks 1, text that is no words 5. A lone sign is never enough.
 */
export function judgeSpam(lead: Lead): SpamJudgement {
  const { message } = lead;
  const words = wordsOf(message);
  const found: { readonly weight: number; readonly reason: string }[] = [];
  const phrases = findPhrases(words, bait);
  if (phrases.length > 0) {
    found.push({
      weight: Math.min(6, phrases.length * 2),
      reason: `spam words: ${phrases.slice(0, 3).join(", ")}`,
    });
  }
  const links = message.match(/https?:\/\/|www\./gi)?.length ?? 0;
  if (links >= 2) found.push({ weight: links >= 3 ? 3 : 2, reason: `${links} links` });
  if (judgeMailDomain(lead.email, lead.company) === "disposable")
    found.push({ weight: 4, reason: "throwaway address" });
  if (isShouting(message)) found.push({ weight: 2, reason: "written in capitals" });
  if (/[!¡]{3,}|\${3,}/.test(message)) found.push({ weight: 1, reason: "rows of ! or $" });
  if (isGibberish(message, words)) found.push({ weight: 5, reason: "no readable words" });
  const weight = found.reduce((sum, { weight }) => sum + weight, 0);
  return { weight, spam: weight >= spamThreshold, reasons: found.map(({ reason }) => reason) };
}

function isShouting(message: string): boolean {
  const letters = message.match(/\p{L}/gu) ?? [];
  const capitals = message.match(/\p{Lu}/gu) ?? [];
  return letters.length >= 20 && capitals.length / letters.length > 0.7;
}

/** No word of letters at all, or most of the Latin ones without a vowel or with six consonants in a row. */
function isGibberish(message: string, words: readonly string[]): boolean {
  const lettered = words.filter((word) => /\p{L}/u.test(word));
  // A telephone number alone is a lead; signs alone are nothing.
  if (words.length === 0) return message.replace(/\s/g, "").length >= 8;
  const latin = lettered.filter((word) => /^[a-z]+$/.test(word) && word.length >= 4);
  if (latin.length === 0 || latin.length < lettered.length / 2) return false;
  const odd = latin.filter(
    (word) => !/[aeiouy]/.test(word) || /[^aeiouy]{6,}/.test(word) || /(.)\1{3,}/.test(word),
  );
  return odd.length / latin.length > 0.5;
}
