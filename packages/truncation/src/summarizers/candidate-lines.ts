import type { JsonValue, Message } from "@relevo/core";
import { partsOf } from "@relevo/messages";
import { isQuestion, scoreOf } from "./sentence-score.ts";
import { sentencesOf } from "./sentences.ts";

/** A line that may stand in a summary. */
export interface CandidateLine {
  readonly text: string;
  /** What was said, without who said it: duplicates are found by it. */
  readonly said: string;
  /** What it is worth; 0 and less is nothing. */
  readonly score: number;
}

const longestValue = 160;
const keptBefore = 1.5;
const openQuestion = 3;
const speakerLabel = /^([^\s:][^:]{0,40}): /;

/** The lines of the summary that is continued. They were the best once, so they win over new ones that are as good. */
export function linesOfPrevious(previous: string): readonly CandidateLine[] {
  return previous.split("\n").flatMap((line) => {
    const label = speakerLabel.exec(line)?.[0] ?? "";
    return sentencesOf(line.slice(label.length)).map((said) => ({
      text: label + said,
      said,
      score: scoreOf(said) + (isQuestion(said) ? 1 : 0) + keptBefore,
    }));
  });
}

/** The lines of the messages, in order: each sentence with its speaker, each tool call and result as one line. */
export function linesOfMessages(messages: readonly Message[]): readonly CandidateLine[] {
  const lastAnswer = messages.findLastIndex(
    (message) => message.role === "assistant" && partsOf(message).some((part) => part.type === "text"),
  );
  return messages.flatMap((message, index) => {
    // A name with a line feed in it would begin a line of its own.
    const speaker = (message.agent ?? message.role).replaceAll(/\s+/g, " ");
    return partsOf(message).flatMap((part): readonly CandidateLine[] => {
      switch (part.type) {
        case "text":
          return sentencesOf(part.text).map((said) => ({
            text: `${speaker}: ${said}`,
            said,
            score: scoreInTurn(said, message, index > lastAnswer),
          }));
        case "tool-call":
          return [toolLine(`${speaker} called ${part.toolName}`, part.input, 0)];
        case "tool-result": {
          const tool = part.toolName ?? "tool";
          return [
            toolLine(
              part.isError === true ? `${tool} failed` : `${tool} returned`,
              part.output,
              part.isError === true ? 2 : 0,
            ),
          ];
        }
        case "image":
        case "file":
          return [
            toolLine(
              `${speaker} sent ${part.type === "file" ? "a file" : "an image"}`,
              part.type === "file" ? (part.name ?? "") : "",
              1,
            ),
          ];
        default:
          // Reasoning and approvals say nothing that a later turn needs.
          return [];
      }
    });
  });
}

function scoreInTurn(said: string, message: Message, unanswered: boolean): number {
  const asked = isQuestion(said) ? (unanswered || message.role === "assistant" ? openQuestion : 1) : 0;
  return scoreOf(said) + asked + (message.role === "user" ? 1 : 0);
}

/** Results are long and mostly detail: they score half of what a person's sentence would. */
function toolLine(what: string, value: JsonValue, bonus: number): CandidateLine {
  const whole = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const shown = whole.slice(0, longestValue).toWellFormed().replaceAll(/\s+/g, " ").trim();
  const said = shown.length < whole.trim().length ? `${shown}…` : shown;
  const text = said === "" ? what : `${what}: ${said}`;
  return { text, said: text, score: Math.max(0, scoreOf(said)) / 2 + bonus + 0.5 };
}
