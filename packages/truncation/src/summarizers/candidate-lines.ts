import type { ContentPart, JsonValue, Message } from "@relevo/core";
import { partsOf } from "@relevo/messages";
import { describeMedia, describeText } from "../media/describe-media.ts";
import { isQuestion, scoreOf } from "./sentence-score.ts";
import { sentencesOf } from "./sentences.ts";

/** A candidate line of a summary. */
export interface CandidateLine {
  readonly text: string;
  /** The text without its speaker, for finding duplicates. */
  readonly said: string;
  /** Its score; 0 and below is worthless. */
  readonly score: number;
}

const longestValue = 160;
const longestText = 200_000;
const keptBefore = 1.5;
const openQuestion = 3;
const speakerLabel = /^([^\s:][^:]{0,40}): /;

/**
 * The lines of the previous summary, then those of the messages, in order, one by one. The former win over new ones
 * with the same score.
 */
export function* candidateLines(
  previous: string,
  messages: readonly Message[],
): Generator<CandidateLine, void> {
  yield* linesOfPrevious(previous);
  const lastAnswer = messages.findLastIndex(
    (message) => message.role === "assistant" && partsOf(message).some((part) => part.type === "text"),
  );
  for (const [index, message] of messages.entries()) {
    for (const part of partsOf(message)) yield* linesOfPart(part, message, index > lastAnswer);
  }
}

function* linesOfPrevious(previous: string): Generator<CandidateLine, void> {
  for (const line of excerpt(previous).split("\n")) {
    const label = speakerLabel.exec(line)?.[0] ?? "";
    for (const said of sentencesOf(line.slice(label.length))) {
      yield { text: label + said, said, score: scoreOf(said) + (isQuestion(said) ? 1 : 0) + keptBefore };
    }
  }
}

/** Each sentence of a text with its speaker; a call, a result, an image or a file as one line. */
function* linesOfPart(
  part: ContentPart,
  message: Message,
  unanswered: boolean,
): Generator<CandidateLine, void> {
  // A name that contains a line feed would start a line.
  const speaker = (message.agent ?? message.role).replaceAll(/\s+/g, " ");
  switch (part.type) {
    case "text":
      for (const said of sentencesOf(excerpt(describeText(part.text)))) {
        yield { text: `${speaker}: ${said}`, said, score: scoreInTurn(said, message, unanswered) };
      }
      return;
    case "tool-call":
      yield toolLine(`${speaker} called ${part.toolName}`, part.input, 0);
      return;
    case "tool-result": {
      const failed = part.isError === true;
      yield toolLine(
        `${part.toolName ?? "tool"} ${failed ? "failed" : "returned"}`,
        part.output,
        failed ? 2 : 0,
      );
      return;
    }
    case "image":
      yield toolLine(`${speaker} sent an image`, "", 1);
      return;
    case "file":
      yield toolLine(`${speaker} sent a file`, part.name ?? "", 1);
      return;
    default:
      // Reasoning and approvals contain nothing that a later turn needs.
      return;
  }
}

/** Of a very long message only the start and the end are read. */
function excerpt(text: string): string {
  if (text.length <= longestText) return text;
  const half = longestText / 2;
  return `${text.slice(0, half)}\n${text.slice(-half)}`.toWellFormed();
}

function scoreInTurn(said: string, message: Message, unanswered: boolean): number {
  const asked = isQuestion(said) ? (unanswered || message.role === "assistant" ? openQuestion : 1) : 0;
  return scoreOf(said) + asked + (message.role === "user" ? 1 : 0);
}

/** Results are long and mostly detail: they get half of the score of a sentence by a person. */
function toolLine(what: string, value: JsonValue, bonus: number): CandidateLine {
  const described = describeMedia(value);
  const whole = typeof described === "string" ? described : (JSON.stringify(described) ?? "");
  const shown = whole.slice(0, longestValue).toWellFormed().replaceAll(/\s+/g, " ").trim();
  const said = shown.length < whole.trim().length ? `${shown}…` : shown;
  const text = said === "" ? what : `${what}: ${said}`;
  return { text, said: text, score: Math.max(0, scoreOf(said)) / 2 + bonus + 0.5 };
}
