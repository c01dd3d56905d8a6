import {
  isEvent,
  type JsonObject,
  type SearchItem,
  type StoredEvent,
  type StoredEventOf,
  textOf,
} from "@relevo/core";
import type { Analysis } from "../analysis/create-analysis.ts";
import type { LanguageName } from "../analysis/language.ts";
import { withImportance } from "../analysis/marks.ts";
import { sentencesOf, speakerKey } from "../analysis/text.ts";
import { importanceOf } from "./document-text.ts";
import { filteredValue } from "./filtered-fields.ts";
import { pieceStep, piecesOf } from "./pieces.ts";

export type MessageEvent = StoredEventOf<"message">;

/** What somebody said: the text of a message of the user or the assistant. `undefined` for anything else. */
export function spokenText(event: StoredEvent): string | undefined {
  if (!isEvent(event, "message") || event.retractedBy !== undefined) return undefined;
  if (event.body.role !== "user" && event.body.role !== "assistant") return undefined;
  const text = textOf(event.body);
  return text.trim() === "" ? undefined : text;
}

/** Who speaks, as far as the message says: its agent, or the `name` in its metadata. */
export function speakerOf({ agent, body }: MessageEvent): string | undefined {
  const name = agent ?? body.agent ?? body.metadata?.name;
  return typeof name === "string" && name.trim() !== "" ? name : undefined;
}

export function timeOf({ at, body, recordedAt }: MessageEvent): number {
  return at ?? body.at ?? recordedAt;
}

/** What filters see: the metadata of the event and of its message. */
export function metadataOf({ metadata, body }: MessageEvent): JsonObject {
  return { ...body.metadata, ...metadata };
}

/** The items of a message, one for each piece of its text. */
export function* itemsOfMessage(
  event: MessageEvent,
  text: string,
  language: LanguageName,
  analysis: Analysis,
): Generator<SearchItem, void, void> {
  const at = timeOf(event);
  const speaker = speakerOf(event);
  const agent = event.agent ?? event.body.agent;
  const pieces = piecesOf(text);
  const importance = importanceOf(metadataOf(event));
  const metadata = filteredValue(metadataOf(event), pieces.length) ?? {};
  for (const [index, piece] of pieces.entries()) {
    const analysed = analysis.analyse(piece, language, at);
    yield {
      position: event.seq + index * pieceStep,
      at,
      ...analysed,
      marks: withImportance(analysed.marks, importance),
      ...(speaker === undefined ? {} : { speaker: speakerKey(speaker) }),
      ...(agent === undefined ? {} : { agent }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    };
  }
}

/**
 * What is embedded for a text: the questions just asked, then the text's own statements, or all of it when it only asks.
 */
export function embeddedText(before: string | undefined, text: string): string {
  const asked = before === undefined ? [] : sentencesOf(before).filter(({ isQuestion }) => isQuestion);
  const own = sentencesOf(text).filter(({ isQuestion }) => !isQuestion);
  const said = own.length > 0 ? own.map((sentence) => sentence.text) : [text];
  return [...asked.map((sentence) => sentence.text), ...said].join(" ");
}
