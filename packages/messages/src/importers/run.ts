import type { JsonValue, Role, ToolResultPart } from "@relevo/core";
import { Draft } from "./draft.ts";
import type { ImportNote } from "./imported.ts";
import { isArray, isObject, type Source } from "./source.ts";

/** Turns one item into drafts: messages that the run goes on with. */
export type TakeItem = (item: Source, run: Run) => void;

/** What an import knows while it goes through the items. */
export class Run {
  readonly format: string;
  readonly drafts: Draft[] = [];
  /** About what became no message. */
  readonly notes: ImportNote[] = [];
  /** The time of the present item. */
  at: number | undefined;
  /** The field of the item that it was read from. */
  timeName: string | undefined;
  /** The assistant's message that the next items may belong to, in formats that have an item for each part. */
  open: Draft | undefined;
  readonly #toolNames = new Map<string, string>();
  readonly #unnamed = new Map<string, { readonly ids: string[]; next: number }>();

  constructor(format: string) {
    this.format = format;
  }

  start(role: Role, source: Source, original: JsonValue = source.value): Draft {
    const draft = this.make(role, source, original);
    this.drafts.push(draft);
    return draft;
  }

  /** A draft that is not a message of its own yet. */
  make(role: Role, source: Source, original: JsonValue = source.value): Draft {
    const draft = new Draft(this.format, role, source, original);
    draft.at = this.at;
    return draft;
  }

  /** As `Source.others`, of an item: without the field that its time was read from. */
  others(item: Source, known: ReadonlySet<string>): Record<string, JsonValue> | undefined {
    const others = item.others(known);
    if (others !== undefined && this.timeName !== undefined) delete others[this.timeName];
    return others;
  }

  /** The item as its API takes it: an application may keep its own fields beside those of the API. */
  original(item: Source, fields: ReadonlySet<string>): JsonValue {
    const entries = Object.entries(item.value);
    return entries.every(([name]) => fields.has(name))
      ? item.value
      : Object.fromEntries(entries.filter(([name]) => fields.has(name)));
  }

  /** Notes something that no message holds. */
  drop(source: Source, name: string, reason: string): void {
    const path = name === "" ? source.path : source.place(name);
    this.notes.push({ index: source.index, path, reason, kept: false });
  }

  nameCall(toolCallId: string, toolName: string): void {
    this.#toolNames.set(toolCallId, toolName);
  }

  /** A result with the name of the tool, when the call was seen. */
  result(
    toolCallId: string,
    output: JsonValue | undefined,
    more: Partial<ToolResultPart> = {},
  ): ToolResultPart {
    const toolName = this.#toolNames.get(toolCallId);
    const named = toolName === undefined ? {} : { toolName };
    return { type: "tool-result", toolCallId, ...named, output: flatText(output ?? null), ...more };
  }

  /** An id for a call of a format in which results name the tool and not the call. */
  idOfCall(toolName: string, source: Source, part = 0): string {
    const id = `call_${source.index}_${part}`;
    const waiting = this.#unnamed.get(toolName);
    if (waiting === undefined) this.#unnamed.set(toolName, { ids: [id], next: 0 });
    else waiting.ids.push(id);
    return id;
  }

  /** The id of the oldest such call without a result; a new one when there is none. */
  idOfResult(toolName: string, source: Source, part = 0): string {
    const waiting = this.#unnamed.get(toolName);
    return waiting?.ids[waiting.next++] ?? `call_${source.index}_${part}`;
  }
}

/** The text of an output that is one block of text and nothing else; otherwise the output. */
function flatText(output: JsonValue): JsonValue {
  const only = isArray(output) && output.length === 1 ? output[0] : undefined;
  if (!isObject(only) || typeof only.text !== "string" || Object.keys(only).length !== 2) return output;
  return only.type === "text" || only.type === "input_text" ? only.text : output;
}
