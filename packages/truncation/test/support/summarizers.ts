import type { Message, Summarizer, SummaryRequest } from "@relevo/core";
import { textOf } from "@relevo/core";

/** Says what it was given, so that a test sees what it saw. */
export interface RecordingSummarizer extends Summarizer {
  readonly requests: SummaryRequest[];
}

/** Answers `previous+first..last`, by the texts of the messages that it got. */
export function recordingSummarizer(name = "recording"): RecordingSummarizer {
  const requests: SummaryRequest[] = [];
  return {
    name,
    requests,
    async summarize(request) {
      requests.push(request);
      const texts = request.messages.map(textOf);
      const before = request.previous === undefined ? "" : `${request.previous}+`;
      return `${before}${texts.at(0)}..${texts.at(-1)}`;
    },
  };
}

/** `q1 a1 q2 a2 …`: so many turns of a question and an answer. */
export function turns(from: number, to: number): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => index + from).flatMap((turn): Message[] => [
    { role: "user", content: `q${turn}` },
    { role: "assistant", content: `a${turn}` },
  ]);
}

export function textsOf(messages: readonly Message[]): string[] {
  return messages.map((message) => textOf(message));
}
