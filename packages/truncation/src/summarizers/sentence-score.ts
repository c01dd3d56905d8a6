/** One reason to keep a sentence. The patterns see at most 400 characters and have no nested repetition. */
interface Signal {
  readonly weight: number;
  readonly pattern: RegExp;
}

/** Word boundaries of English and Spanish; `\b` does not know accented letters. */
function words(...alternatives: readonly string[]): RegExp {
  return new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${alternatives.join("|")})(?![\p{L}\p{N}])`, "iu");
}

const signals: readonly Signal[] = [
  // Who somebody is, in their own words.
  {
    weight: 5,
    pattern: words(
      "my name is",
      "call me",
      "i am called",
      "i live in",
      "i work (?:at|for|as|in)",
      "i was born",
      "i'm from",
      "i am from",
      "my (?:email|phone|address|birthday|company|team|wife|husband|son|daughter|boss|account)",
      "me llamo",
      "mi nombre es",
      "llámame",
      "vivo en",
      "trabajo (?:en|para|como|de)",
      "soy de",
      "nací en",
      "mi (?:correo|email|teléfono|dirección|cumpleaños|empresa|equipo|esposa|esposo|hijo|hija|jefe|jefa|cuenta)",
    ),
  },
  // What was settled.
  {
    weight: 4,
    pattern: words(
      "decided",
      "decision",
      "agreed",
      "we will",
      "we'll",
      "we chose",
      "let's go with",
      "going with",
      "approved",
      "confirmed",
      "rejected",
      "decidimos",
      "decidió",
      "decidido",
      "decisión",
      "acordamos",
      "acordado",
      "quedamos en",
      "vamos a",
      "aprobado",
      "aprobamos",
      "confirmado",
      "confirmamos",
      "elegimos",
      "rechazado",
    ),
  },
  // What somebody has promised or must do.
  {
    weight: 3,
    pattern: words(
      "i will",
      "i'll",
      "must",
      "have to",
      "need to",
      "needs to",
      "deadline",
      "due",
      "by (?:monday|tuesday|wednesday|thursday|friday|tomorrow)",
      "promise",
      "promised",
      "remind me",
      "next step",
      "todo",
      "blocked",
      "voy a",
      "debo",
      "debemos",
      "tengo que",
      "tenemos que",
      "hay que",
      "necesito",
      "necesitamos",
      "plazo",
      "fecha límite",
      "para el (?:lunes|martes|miércoles|jueves|viernes)",
      "prometo",
      "prometió",
      "recuérdame",
      "pendiente",
      "siguiente paso",
    ),
  },
  // What somebody wants, and does not.
  {
    weight: 3,
    pattern: words(
      "prefer",
      "prefers",
      "preferred",
      "favou?rite",
      "i like",
      "i love",
      "i hate",
      "i don't like",
      "i want",
      "i'd like",
      "always",
      "never",
      "allergic",
      "vegan",
      "vegetarian",
      "instead of",
      "prefiero",
      "prefiere",
      "favorit[oa]",
      "me gusta",
      "me encanta",
      "odio",
      "no me gusta",
      "quiero",
      "quisiera",
      "siempre",
      "nunca",
      "alérgic[oa]",
      "vegan[oa]",
      "vegetarian[oa]",
      "en lugar de",
    ),
  },
  // What went wrong.
  {
    weight: 2,
    pattern: words(
      "error",
      "failed",
      "failure",
      "bug",
      "broken",
      "cannot",
      "falló",
      "fallo",
      "no funciona",
      "problema",
      "problem",
      "issue",
    ),
  },
  // Amounts, dates, times, percentages, versions: whatever has a digit.
  { weight: 2, pattern: /\p{N}/u },
  { weight: 1, pattern: /[$€£¥%]|\p{N}{4}-\p{N}{2}|\p{N}:\p{N}{2}/u },
  {
    weight: 1,
    pattern: words(
      "monday",
      "tuesday",
      "wednesday",
      "thursday",
      "friday",
      "saturday",
      "sunday",
      "lunes",
      "martes",
      "miércoles",
      "jueves",
      "viernes",
      "sábado",
      "domingo",
      "tomorrow",
      "mañana",
    ),
  },
  // Addresses of mail and of the web, and identifiers such as `ORD-1182`.
  { weight: 2, pattern: /[^\s@]@[^\s@]|https?:\/\/|\p{Lu}{2,}-\p{N}/u },
  // A name inside of the sentence: a capital after a small word.
  { weight: 1, pattern: /[\p{Ll},] \p{Lu}\p{Ll}/u },
];

const smallTalk = words(
  "hi",
  "hello",
  "how are you",
  "hey",
  "thanks",
  "thank you",
  "you're welcome",
  "of course",
  "sure",
  "ok",
  "okay",
  "great",
  "bye",
  "good morning",
  "hola",
  "cómo estás",
  "gracias",
  "de nada",
  "claro",
  "vale",
  "perfecto",
  "genial",
  "adiós",
  "buenos días",
  "buenas tardes",
);

/**
 * The importance of a sentence, up to about 20: a sum of points. First-person facts 5, decisions 4,
 * commitments and preferences 3, failures 2, anything with a digit 2, addresses 2, names, weekdays and amounts 1 each;
 * short greetings and thanks lose 2, and are below 0 when they contain nothing else. English and Spanish.
 */
export function scoreOf(sentence: string): number {
  let score = 0;
  for (const { weight, pattern } of signals) if (pattern.test(sentence)) score += weight;
  if (sentence.length < 60 && smallTalk.test(sentence)) score -= 2;
  return score;
}

/** Whether a sentence is a question. */
export function isQuestion(sentence: string): boolean {
  return /[?？]["')\]»”]?$/.test(sentence) || sentence.startsWith("¿");
}
