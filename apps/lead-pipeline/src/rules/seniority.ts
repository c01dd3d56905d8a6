import { findPhrase, type Phrase, wordsOf } from "./words.ts";

export type Seniority = "executive" | "director" | "manager" | "staff" | "student" | "unknown";

/** How far up a role stands, by its title in English or Spanish. The first group that matches wins. */
export function judgeSeniority(role: string | undefined): Seniority {
  if (role === undefined) return "unknown";
  const words = wordsOf(role);
  if (words.length === 0) return "unknown";
  return groups.find(([, phrases]) => findPhrase(words, phrases) !== undefined)?.[0] ?? "staff";
}

const groups: readonly (readonly [Seniority, readonly Phrase[]])[] = [
  ["student", ["student", "intern", "trainee", "estudiante", "becari*", "en practicas"]],
  // "Assistant to the CEO" and "account executive" do not decide what a CEO decides.
  ["staff", ["assistant", "asistente", "account executive", "secretari*", "auxiliar"]],
  ["director", ["vp", "svp", "evp", "vice president", "vicepresident*"]],
  [
    "executive",
    [
      ..."ceo cto cfo coo cio cmo cro ciso cpo chief founder cofounder owner president partner".split(" "),
      ..."fundador fundadora cofundador cofundadora propietari* dueno duena presidente presidenta gerente socio socia".split(
        " ",
      ),
      "managing director",
      "director general",
      "directora general",
      "consejer* delegad*",
    ],
  ],
  ["director", ["director", "directora", "head", "subdirector*"]],
  [
    "manager",
    [
      "manager",
      "lead",
      "team lead",
      "supervisor",
      "jefe",
      "jefa",
      "responsable",
      "encargad*",
      "coordinador*",
      "coordinator",
    ],
  ],
];
