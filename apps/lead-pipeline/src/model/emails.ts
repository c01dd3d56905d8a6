import type { EmailDraft } from "../agents/desk.ts";
import type { Lead } from "../lead.ts";
import type { Language } from "../rules/language.ts";

/** A plain message of that kind in that language. Takes from the lead only its name and company, on one line. */
export function composeEmail(kind: EmailDraft["kind"], lead: Lead, language: Language): EmailDraft {
  const text = texts[language];
  const name = oneLine(lead.name?.split(/\s+/)[0]);
  const company = oneLine(lead.company) ?? text.yourCompany;
  const subject = text.subject[kind].replace("{company}", () => company);
  const body = [`${text.hello}${name === undefined ? "" : ` ${name}`},`, text.body[kind], text.regards].join(
    "\n\n",
  );
  return { kind, language, subject: subject.slice(0, 200), body };
}

/** A line break in a name would begin another mail header. */
function oneLine(value: string | undefined): string | undefined {
  const line = value
    ?.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 80);
  return line === "" ? undefined : line;
}

interface Texts {
  readonly hello: string;
  readonly regards: string;
  readonly yourCompany: string;
  readonly subject: Record<EmailDraft["kind"], string>;
  readonly body: Record<EmailDraft["kind"], string>;
}

const texts = {
  en: {
    hello: "Hello",
    regards: "Kind regards,\nThe sales team",
    yourCompany: "your company",
    subject: {
      invitation: "A meeting about {company}",
      information: "What we can do for {company}",
      questions: "A few questions before we answer you",
      follow_up: "Your new message, {company}",
    },
    body: {
      invitation:
        "Thank you for writing. We would like to show you how we work; a proposal for a time follows.",
      information: "Thank you for your interest. Attached is an overview; tell us what matters most to you.",
      questions:
        "Thank you for writing. Which company are you with, how many people work there, and what would you like to do?",
      follow_up: "Thank you for writing again. We take up where we were the last time.",
    },
  },
  es: {
    hello: "Hola",
    regards: "Un saludo,\nEl equipo comercial",
    yourCompany: "su empresa",
    subject: {
      invitation: "Una reunión sobre {company}",
      information: "Lo que podemos hacer por {company}",
      questions: "Unas preguntas antes de responderle",
      follow_up: "Su nuevo mensaje, {company}",
    },
    body: {
      invitation:
        "Gracias por escribirnos. Nos gustaría mostrarle cómo trabajamos; le proponemos una hora a continuación.",
      information:
        "Gracias por su interés. Le adjuntamos un resumen; díganos qué es lo más importante para usted.",
      questions:
        "Gracias por escribirnos. ¿De qué empresa es, cuántas personas trabajan en ella y qué le gustaría hacer?",
      follow_up: "Gracias por escribirnos de nuevo. Retomamos donde lo dejamos la última vez.",
    },
  },
} as const satisfies Record<Language, Texts>;
