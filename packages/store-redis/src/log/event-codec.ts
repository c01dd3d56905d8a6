import { type EventType, MemoryError, type StoredEvent } from "@relevo/core";
import type { AdmittedEvent } from "@relevo/core/input";

const kinds: readonly EventType[] = ["message", "summary", "handoff", "execution", "retraction"];
const customKind = 5;

/** The number that stands for a type in a flag; all custom types share one. */
export function kindOf(type: EventType): number {
  const kind = kinds.indexOf(type);
  return kind < 0 ? customKind : kind;
}

export interface Flags {
  readonly type: EventType;
  readonly pinned?: boolean | undefined;
  readonly retracted?: boolean;
  readonly erased?: boolean;
}

/** One letter, see `scripts/rewrite.ts`. */
function flagOf({ type, pinned, retracted, erased }: Flags): string {
  const code =
    kindOf(type) + (pinned === true ? 6 : 0) + (retracted === true ? 12 : 0) + (erased === true ? 24 : 0);
  return String.fromCharCode(65 + code);
}

/** A letter that agents share with few others; `0` for none. A read by agent looks at the event itself too. */
export function agentLetter(agent: string | undefined): string {
  if (agent === undefined) return "0";
  let hash = 0;
  for (let index = 0; index < agent.length; index++) hash = Math.imul(hash, 31) + agent.charCodeAt(index);
  return String.fromCharCode(49 + (((hash ^ (hash >>> 15)) >>> 0) % 70));
}

/** What stands for an event in the columns. */
export function cellOf(flags: Flags, agent: string | undefined): string {
  return flagOf(flags) + agentLetter(agent);
}

/** An appended event as an element of the list, without its time in front, which the server adds. */
export function encodeAppended({ event, bytes }: AdmittedEvent): string {
  return `:0:${flagOf(event)}:${bytes}:${JSON.stringify(event)}`;
}

/** An event of another store as an element of the list. */
export function encodeCopy(event: StoredEvent, bytes: number): string {
  const { seq: _seq, recordedAt, retractedBy = 0, ...rest } = event;
  return `${recordedAt}:${retractedBy}:${flagOf(flagsOf(event))}:${bytes}:${JSON.stringify(rest)}`;
}

export function flagsOf(event: StoredEvent): Flags {
  const { type, pinned, retractedBy, erasedAt } = event;
  return { type, pinned, retracted: retractedBy !== undefined, erased: erasedAt !== undefined };
}

/** @throws `corrupt` when the element is not one that the store wrote. */
export function decodeEvent(element: string, seq: number): StoredEvent {
  const second = element.indexOf(":") + 1;
  const third = element.indexOf(":", second) + 1;
  // The flag is one letter.
  const json = element.indexOf(":", third + 2) + 1;
  let event: Mutable<StoredEvent>;
  try {
    event = JSON.parse(element.slice(json)) as Mutable<StoredEvent>;
  } catch (cause) {
    throw corrupt(seq, cause);
  }
  const recordedAt = Number(element.slice(0, second - 1));
  const isWhole = second > 1 && third > second + 1 && json > third && Number.isSafeInteger(recordedAt);
  if (!isWhole || typeof event !== "object" || event === null || typeof event.type !== "string")
    throw corrupt(seq);
  event.seq = seq;
  event.recordedAt = recordedAt;
  if (element.charCodeAt(second) !== zero) {
    const retractedBy = Number(element.slice(second, third - 1));
    if (!Number.isSafeInteger(retractedBy)) throw corrupt(seq);
    event.retractedBy = retractedBy;
  }
  return event;
}

const zero = "0".charCodeAt(0);

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function corrupt(seq: number, cause?: unknown): MemoryError {
  return new MemoryError("corrupt", `The event with seq ${seq} does not have the form that was written.`, {
    details: { seq },
    cause,
  });
}
