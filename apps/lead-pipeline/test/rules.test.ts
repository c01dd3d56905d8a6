import { describe, expect, it } from "vitest";
import { readAmount } from "../src/rules/amounts.ts";
import { detectLanguage } from "../src/rules/language.ts";
import { companyKey } from "../src/rules/mail-domains.ts";
import { messageWords, similarity } from "../src/rules/similarity.ts";
import { judgeSpam } from "../src/rules/spam.ts";
import { triageLead } from "../src/rules/triage.ts";
import { findPhrase, withoutPhrases, wordsOf } from "../src/rules/words.ts";
import { makeLead } from "./leads.ts";

describe("amounts", () => {
  it.each([
    ["40k EUR", 40_000],
    ["€10.000", 10_000],
    ["10,000", 10_000],
    ["25.000,00 €", 25_000],
    ["1,234,567.89", 1_234_567.89],
    ["1,5 millones", 1_500_000],
    ["1.2M", 1_200_000],
    ["15 mil", 15_000],
    ["50-200", 50],
    ["10-20k", 10_000],
    ["500+", 500],
    ["unos 30", 30],
    ["-5", undefined],
    ["none", undefined],
    ["", undefined],
    [12.5, 12.5],
    [-1, undefined],
    [Number.NaN, undefined],
    [undefined, undefined],
  ])("%s is %s", (text, amount) => {
    expect(readAmount(text)).toBe(amount);
  });
});

describe("words", () => {
  it("compares without case, accents and signs", () => {
    expect(wordsOf("¿CUÁNTO  cuesta?")).toEqual(["cuanto", "cuesta"]);
    expect(findPhrase(wordsOf("I can't pay"), ["cant pay"])).toBe("cant pay");
    expect(findPhrase(wordsOf("evaluating"), ["evaluat*"])).toBe("evaluat*");
    expect(findPhrase(wordsOf("undemocratic"), ["demo"])).toBeUndefined();
  });

  it("leaves a gap where a phrase was taken out", () => {
    expect(withoutPhrases(["a", "not", "interested", "b"], ["not interested"])).toEqual(["a", "", "b"]);
  });
});

describe("languages", () => {
  it.each([
    ["Hola, queremos una demo de la herramienta", "es"],
    ["¿Precio?", "es"],
    ["We would like a demo for the team", "en"],
    ["xyz", "en"],
  ])("%s", (text, language) => {
    expect(detectLanguage(text)).toBe(language);
  });
});

describe("company names", () => {
  it.each([
    ["Metalúrgica del Sur, S.L.", "metalurgica del sur"],
    ["BRIGHTWELL Ltd.", "brightwell"],
    ["SA", "sa"],
    ["!!!", ""],
  ])("%s", (name, key) => {
    expect(companyKey(name)).toBe(key);
  });
});

describe("spam", () => {
  it.each([
    ["You have won! Click here, risk free", true],
    ["Gana dinero con criptomonedas sin riesgo", true],
    ["qwrtp sdfgh zxcvb lkjhg", true],
    ["!!!! ???? $$$$ ....", true],
    ["WE NEED A DEMO OF THE PRODUCT THIS WEEK", false],
    ["See https://a.example and https://b.example for our needs", false],
    ["Our casino needs a CRM", false],
    ["顧客管理システムの見積もりをお願いします", false],
    ["Hi", false],
    ["+34 600 123 123", false],
  ])("%s: %s", (message, spam) => {
    expect(judgeSpam(makeLead({ message })).spam).toBe(spam);
  });

  it("does not condemn a throwaway address alone", () => {
    expect(judgeSpam(makeLead({ email: "a@mailinator.com" })).spam).toBe(false);
  });
});

describe("triage", () => {
  const company = "TechCorp";
  it.each([
    [{ message: "Hola" }, "incomplete"],
    [{ company, message: "Información por favor" }, "incomplete"],
    [{ company, role: "CEO", message: "Precios" }, "complete"],
    [{ company, message: "We need a system for thirty people" }, "complete"],
    [{ message: "We need a system for thirty people" }, "incomplete"],
    [{ role: "CEO", message: "We need a system for thirty people" }, "complete"],
    [{ message: "Unsubscribe" }, "complete"],
    [{ message: "Mi cuenta" }, "complete"],
  ])("%j is %s", (fields, kind) => {
    expect(triageLead(makeLead(fields)).kind).toBe(kind);
  });
});

describe("similarity", () => {
  it("is the share of common words", () => {
    const words = messageWords("We want a demo next week");
    expect(similarity(words, messageWords("WE want a demo, next week!"))).toBe(1);
    expect(similarity(words, messageWords("we want a quote next week"))).toBeCloseTo(5 / 7);
    expect(similarity(words, messageWords("otra cosa"))).toBe(0);
  });
});
