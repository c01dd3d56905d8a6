import type { Lead } from "../lead.ts";
import { hasOtherPurpose } from "./score.ts";
import { judgeSpam } from "./spam.ts";
import { wordsOf } from "./words.ts";

/** What a first look at a lead tells, before anyone scores it. */
export type Triage =
  | { readonly kind: "spam"; readonly reasons: readonly string[] }
  | { readonly kind: "incomplete"; readonly missing: readonly string[] }
  | { readonly kind: "complete" };

/** Messages with fewer words than this say too little to be scored when other things are missing as well. */
export const fewWords = 4;

/**
 * Spam first. A lead is incomplete when it does not say which company it is and neither role, size nor budget; or when
 * its message has fewer than four words and the company or all those details are missing. Who says no, or wants
 * something else than to buy, is never asked for more.
 */
export function triageLead(lead: Lead): Triage {
  const spam = judgeSpam(lead);
  if (spam.spam) return { kind: "spam", reasons: spam.reasons };
  if (hasOtherPurpose(lead)) return { kind: "complete" };
  const noCompany = lead.company === undefined;
  const noDetails = [lead.role, lead.companySize, lead.budget].every((value) => value === undefined);
  const short = wordsOf(lead.message).length < fewWords;
  if ((noCompany && noDetails) || (short && (noCompany || noDetails))) {
    const missing = [
      ...(noCompany ? ["company"] : []),
      ...(noDetails ? ["role, company size or budget"] : []),
      ...(short ? ["what is wanted"] : []),
    ];
    return { kind: "incomplete", missing };
  }
  return { kind: "complete" };
}
