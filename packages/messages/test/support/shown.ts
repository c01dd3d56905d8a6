import type { Message, ToolResultPart } from "@relevo/core";
import { entriesOf } from "@relevo/random-conversations";
import type { GroupKind, LeftoverReason } from "../../src/groups/group.ts";
import { groupEntries, missingResult } from "../../src/index.ts";

export interface GroupSketch {
  readonly kind: GroupKind;
  readonly seqs: readonly number[];
  readonly shown: readonly (number | undefined)[];
}

/** The groups of these messages: what is in each, and where what it shows came from. */
export function groupsOf(messages: readonly Message[]): GroupSketch[] {
  return groupEntries(entriesOf(messages)).groups.map((group) => ({
    kind: group.kind,
    seqs: group.entries.map(({ seq }) => seq),
    shown: group.messages.map(({ seq }) => seq),
  }));
}

export function leftoversOf(messages: readonly Message[]): [number, LeftoverReason][] {
  return groupEntries(entriesOf(messages)).leftovers.map(({ entry, reason }) => [entry.seq, reason]);
}

/** All that the groups show, one after the other. */
export function shownOf(messages: readonly Message[]): Message[] {
  return groupEntries(entriesOf(messages)).groups.flatMap((group) =>
    group.messages.map(({ message }) => message),
  );
}

/** What stands for a result that never came. */
export function missing(toolCallId: string, output: string = missingResult): ToolResultPart {
  return { type: "tool-result", toolCallId, toolName: "look", output, isError: true };
}
