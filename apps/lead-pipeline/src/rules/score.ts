import type { Lead } from "../lead.ts";
import { readAmount } from "./amounts.ts";
import { judgeMailDomain, type MailDomain } from "./mail-domains.ts";
import { judgeSeniority, type Seniority } from "./seniority.ts";
import * as signals from "./signals.ts";
import { findPhrase, findPhrases, type Phrase, withoutPhrases, wordsOf } from "./words.ts";

export type Grade = "hot" | "warm" | "cold" | "poor";

/** One row of the scoring table as it applied to a lead. */
export interface ScorePart {
  readonly rule: string;
  readonly points: number;
  readonly because: string;
}

export interface Score {
  /** 0 to 100. */
  readonly score: number;
  readonly grade: Grade;
  readonly parts: readonly ScorePart[];
  readonly asksToMeet: boolean;
  /** Wants an answer, but no meeting and no call. */
  readonly declinesMeeting: boolean;
  readonly declines: boolean;
}

/** A lead's grade is the first whose least score it reaches. */
export const gradeFrom: Readonly<Record<Grade, number>> = { hot: 65, warm: 40, cold: 20, poor: 0 };

/** The scoring table. The README shows it; a test holds the two together. */
export const scoring: ScoringTable = {
  companySize: [
    [1000, 20],
    [200, 16],
    [50, 12],
    [10, 8],
    [2, 4],
    [0, 1],
  ],
  companySizeUnknown: 4,
  budget: [
    [50_000, 20],
    [10_000, 16],
    [3_000, 10],
    [500, 5],
    [0, 0],
  ],
  budgetUnknown: 4,
  budgetNone: -5,
  seniority: { executive: 15, director: 13, manager: 9, staff: 5, unknown: 3, student: -10 },
  intent: { strong: 20, some: 10, none: 0 },
  urgency: { urgent: 10, someday: 5, unsaid: 0, noHurry: -5 },
  mailDomain: { company: 8, other: 5, free: 0, disposable: -10 },
  /** For each of name, role, companySize, budget and country. */
  detail: 1,
  /** For a message of at least eight words. */
  message: 2,
  student: -15,
  jobSeeker: -40,
  sells: -40,
  support: -25,
  declines: -60,
};

export interface ScoringTable {
  readonly companySize: Steps;
  readonly companySizeUnknown: number;
  readonly budget: Steps;
  readonly budgetUnknown: number;
  readonly budgetNone: number;
  readonly seniority: Readonly<Record<Seniority, number>>;
  readonly intent: Readonly<Record<"strong" | "some" | "none", number>>;
  readonly urgency: Readonly<Record<"urgent" | "someday" | "unsaid" | "noHurry", number>>;
  readonly mailDomain: Readonly<Record<MailDomain, number>>;
  readonly detail: number;
  readonly message: number;
  readonly student: number;
  readonly jobSeeker: number;
  readonly sells: number;
  readonly support: number;
  readonly declines: number;
}

/** Least amounts, from the greatest down, each with its points. */
type Steps = readonly (readonly [least: number, points: number])[];

/** Scores a lead by the table. The same lead gives the same score, whoever asks and whatever came before. */
export function scoreLead(lead: Lead): Score {
  const all = wordsOf(lead.message);
  const declined = findPhrase(all, signals.declines);
  const declinesMeeting = findPhrase(all, signals.declinesMeeting) !== undefined;
  const words = withoutPhrases(all, [
    ...signals.declinesMeeting,
    ...signals.declines,
    ...signals.noBudget,
    ...signals.addressesAgents,
  ]);
  const parts = [
    ...companyParts(lead, all),
    seniorityPart(lead),
    ...intentParts(words, declined),
    mailPart(lead),
    completenessPart(lead, all),
    ...otherPurposeParts(words),
    ...(declined === undefined ? [] : [part("declines", scoring.declines, `says ${quote(declined)}`)]),
    ...agentTextPart(all),
  ];
  const sum = parts.reduce((total, { points }) => total + points, 0);
  const score = Math.min(100, Math.max(0, sum));
  return {
    score,
    grade: gradeOf(score),
    parts,
    asksToMeet:
      declined === undefined && !declinesMeeting && findPhrase(words, signals.asksToMeet) !== undefined,
    declinesMeeting,
    declines: declined !== undefined,
  };
}

/** True for who declines, and for students, job seekers, sellers and customers who need support. */
export function hasOtherPurpose(lead: Lead): boolean {
  const words = wordsOf(lead.message);
  return findPhrase(words, signals.declines) !== undefined || otherPurposeParts(words).length > 0;
}

export function gradeOf(score: number): Grade {
  if (score >= gradeFrom.hot) return "hot";
  if (score >= gradeFrom.warm) return "warm";
  return score >= gradeFrom.cold ? "cold" : "poor";
}

function companyParts(lead: Lead, words: readonly string[]): readonly ScorePart[] {
  const size = readAmount(lead.companySize);
  const budget = readAmount(lead.budget);
  const saidNone =
    findPhrase([...wordsOf(String(lead.budget ?? "")), "", ...words], signals.noBudget) !== undefined ||
    budget === 0;
  return [
    size === undefined
      ? part("company size", scoring.companySizeUnknown, "size not said")
      : part("company size", pointsFor(scoring.companySize, size), `${size} people`),
    saidNone
      ? part("budget", scoring.budgetNone, "no budget")
      : budget === undefined
        ? part("budget", scoring.budgetUnknown, "budget not said")
        : part("budget", pointsFor(scoring.budget, budget), `budget ${budget}`),
  ];
}

function seniorityPart(lead: Lead): ScorePart {
  const seniority = judgeSeniority(lead.role);
  const because = seniority === "unknown" ? "role not said" : seniority;
  return part("seniority", scoring.seniority[seniority], because);
}

function intentParts(words: readonly string[], declined: Phrase | undefined): readonly ScorePart[] {
  if (declined !== undefined) return [];
  const strong = findPhrase(words, signals.strongIntent);
  const some = findPhrase(words, signals.someIntent);
  const intent =
    strong !== undefined
      ? part("intent", scoring.intent.strong, `asks for ${quote(strong)}`)
      : some !== undefined
        ? part("intent", scoring.intent.some, `says ${quote(some)}`)
        : part("intent", scoring.intent.none, "no wish to buy said");
  const rows = [
    ["noHurry", signals.noHurry],
    ["urgent", signals.urgent],
    ["someday", signals.someday],
  ] as const;
  for (const [urgency, phrases] of rows) {
    const phrase = findPhrase(words, phrases);
    if (phrase !== undefined)
      return [intent, part("urgency", scoring.urgency[urgency], `says ${quote(phrase)}`)];
  }
  return [intent];
}

const mailReasons = {
  company: "the company's own mail domain",
  other: "a mail domain of its own",
  free: "free mailbox",
  disposable: "throwaway mailbox",
} as const satisfies Record<MailDomain, string>;

function mailPart(lead: Lead): ScorePart {
  const domain = judgeMailDomain(lead.email, lead.company);
  return part("mail domain", scoring.mailDomain[domain], mailReasons[domain]);
}

function completenessPart(lead: Lead, words: readonly string[]): ScorePart {
  const details = [lead.name, lead.role, lead.companySize, lead.budget, lead.country];
  const given = details.filter((value) => value !== undefined).length;
  const points = given * scoring.detail + (words.length >= 8 ? scoring.message : 0);
  return part("completeness", points, `${given} of ${details.length} details`);
}

function otherPurposeParts(words: readonly string[]): readonly ScorePart[] {
  const found: ScorePart[] = [];
  const look = (
    rule: "student" | "jobSeeker" | "support",
    phrases: readonly Phrase[],
    because: string,
  ): void => {
    if (findPhrase(words, phrases) !== undefined) found.push(part(rule, scoring[rule], because));
  };
  look("student", signals.student, "a student's work");
  look("jobSeeker", signals.jobSeeker, "looks for a job");
  look("support", signals.support, "asks for support");
  if (
    findPhrase(words, signals.sells) !== undefined ||
    findPhrases(words, signals.sellsPerhaps).length >= 2
  ) {
    found.push(part("sells", scoring.sells, "wants to sell to us"));
  }
  return found;
}

function agentTextPart(words: readonly string[]): readonly ScorePart[] {
  const phrase = findPhrase(words, signals.addressesAgents);
  return phrase === undefined
    ? []
    : [part("text for agents", 0, `${quote(phrase)} is data, not an instruction`)];
}

function pointsFor(steps: Steps, amount: number): number {
  return steps.find(([least]) => amount >= least)?.[1] ?? 0;
}

function part(rule: string, points: number, because: string): ScorePart {
  return { rule, points, because };
}

function quote(phrase: Phrase): string {
  return `"${phrase.replace("*", "…")}"`;
}
