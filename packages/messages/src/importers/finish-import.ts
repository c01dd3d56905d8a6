import { fingerprint, type JsonObject, type Limits, MemoryError, type Message } from "@relevo/core";
import { admitEvent } from "@relevo/core/input";
import type { LeftoverReason } from "../groups/group.ts";
import { groupEntries } from "../groups/group-entries.ts";
import { providers } from "../validity/validate-for-provider.ts";
import type { Draft } from "./draft.ts";
import type { ImportedMessage, ImportedMessages, ImportNote } from "./imported.ts";
import { fieldOf } from "./source.ts";

/** A draft, with the item that it began with and how many drafts of that item came before it. */
export interface Made {
  readonly draft: Draft;
  readonly item: JsonObject;
  readonly place: number;
}

export interface ImportSettings {
  readonly format: string;
  readonly name: string;
  readonly after: number;
  readonly limits: Limits;
}

/** Enough for one append to cost little for each message, and few enough for a batch that a store takes quickly. */
const maxBatchItems = 500;

/** The messages of the drafts, checked as an append checks them, and all notes in the order of the items. */
export function finishImport(
  made: readonly Made[],
  dropped: readonly ImportNote[],
  settings: ImportSettings,
): ImportedMessages {
  const { name, after, limits } = settings;
  const notes = [...dropped];
  const all: ImportedMessage[] = [];
  const messages: ImportedMessage[] = [];
  const batches: { readonly operationId: string; readonly messages: ImportedMessage[] }[] = [];
  const maxItems = Math.min(limits.batchItems, maxBatchItems);
  let bytes = 0;
  let key = "";
  let keyOf: JsonObject | undefined;
  for (const { draft, item, place } of made) {
    // Once for each item, of which there may be many messages.
    if (!draft.id && item !== keyOf) {
      key = `imp_${fingerprint({ name, index: draft.index, item }).slice(0, 22)}`;
      keyOf = item;
    }
    const admitted = admitDraft(draft, draft.id || `${key}.${place}`, settings);
    for (const note of draft.foreign) notes.push(note);
    for (const lost of draft.lost) notes.push({ ...lost, kept: admitted.hasNative });
    all.push(admitted.message);
    if (draft.index < after) continue;
    messages.push(admitted.message);
    bytes += admitted.bytes;
    const last = batches.at(-1);
    if (last !== undefined && last.messages.length < maxItems && bytes <= limits.batchBytes / 4)
      last.messages.push(admitted.message);
    else {
      const operationId = `import:${name}:${draft.index}.${place}`;
      batches.push({ operationId, messages: [admitted.message] });
      bytes = admitted.bytes;
    }
  }
  for (const note of notShown(all, made, settings.format)) notes.push(note);
  const own = notes.filter(({ index }) => index >= after);
  return { messages, batches, notes: own.sort((one, other) => one.index - other.index) };
}

interface AdmittedDraft {
  readonly message: ImportedMessage;
  readonly bytes: number;
  readonly hasNative: boolean;
}

/** The original is left out of a message that would be too large with it. */
function admitDraft(draft: Draft, id: string, { format, limits }: ImportSettings): AdmittedDraft {
  const message = messageOf(draft, id);
  const whole = draft.native === undefined ? message : { ...message, native: { format, item: draft.native } };
  try {
    return { message: whole, bytes: bytesOf(whole), hasNative: true };
  } catch (error) {
    if (draft.native === undefined || !MemoryError.isInstance(error, "too-large")) throw error;
    return { message, bytes: bytesOf(message), hasNative: false };
  }

  function bytesOf(body: Message): number {
    // With the fields that an append adds.
    const event = { type: "message", at: latest, agent: body.agent, body: { ...body, at: latest } };
    return admitEvent(event, `${fieldOf(draft.index, "")} as a message`, limits).bytes;
  }
}

/** The longest time. */
const latest = -8.64e15;

/** The message of a draft, without its original. */
export function messageOf(draft: Draft, id: string): ImportedMessage;
export function messageOf(draft: Draft, id: string | undefined): Message;
export function messageOf(draft: Draft, id: string | undefined): Message {
  const { role, parts, isText, agent, at, metadata } = draft;
  const [first] = parts;
  const plain = isText && parts.length === 1 && first?.type === "text" ? first.text : undefined;
  const content = first === undefined ? "" : (plain ?? parts);
  return {
    role,
    content,
    ...(id === undefined ? {} : { id }),
    ...(agent === undefined ? {} : { agent }),
    ...(at === undefined ? {} : { at }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

/** Whole messages that no view shows, or no view for the provider that the history comes from. */
function notShown(messages: readonly Message[], made: readonly Made[], format: string): ImportNote[] {
  const provider = providers.find((one) => one === format);
  const entries = messages.map((message, at) => ({ seq: at + 1, message, pinned: false }));
  const { leftovers } = groupEntries(entries, { for: provider });
  return leftovers.flatMap(({ entry, reason }): ImportNote[] => {
    const index = made[entry.seq - 1]?.draft.index;
    const says = reasons[reason];
    return index === undefined || says === undefined ? [] : [{ index, path: "", reason: says, kept: true }];
  });
}

/** Approvals and items of another provider are not for every view anyway, and the latter have a note of their own. */
const reasons: { readonly [Reason in LeftoverReason]?: string } = {
  "orphan-result": "No view shows a result without its call.",
  "duplicate-result": "No view shows a second result of one call.",
  "dangling-reasoning": "No view shows reasoning that led to nothing.",
  empty: "No view shows a message without content.",
  unsendable: "No view shows a message of which no provider takes a part.",
};
