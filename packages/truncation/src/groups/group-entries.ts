import type { ContentPart, ToolCallPart, ToolResultPart } from "@relevo/core";
import type { Entry } from "./entry.ts";
import type { Group, Grouping, GroupKind, Leftover, LeftoverReason, ViewMessage } from "./group.ts";
import { isBlank, partsOf, withParts } from "./parts.ts";

/** What a view says in place of a result that never came: the process died, or the tool still runs. */
export const missingResult = "No result was recorded for this call.";

/**
 * Parts a history into what must stay together. Entries are given in the order of the log, and may begin in the
 * middle of it: a result whose call lies before them is left over.
 *
 * - Results join the newest unanswered call with their id, however late they come and whatever came between.
 * - Reasoning without text or calls joins the assistant's message after it.
 * - A call without a result gets one that says so, marked as an error. A call that the provider should have run
 *   cannot be answered by us and is left out.
 */
export function groupEntries(entries: readonly Entry[]): Grouping {
  const grouper = new Grouper();
  for (const entry of entries) grouper.add(entry);
  return grouper.finish();
}

interface PendingCall {
  readonly builder: Builder;
  readonly call: ToolCallPart;
  answered: boolean;
}

interface Builder {
  kind: GroupKind;
  readonly entries: Entry[];
  /** What the role itself said: one system or user message, or the assistant's, reasoning first. */
  readonly speech: { readonly entry: Entry; readonly parts: readonly ContentPart[] }[];
  /** The results of the group's calls, by the entry they came in. */
  readonly results: { readonly entry: Entry; readonly parts: ToolResultPart[] }[];
  readonly calls: PendingCall[];
}

class Grouper {
  readonly #builders: Builder[] = [];
  readonly #leftovers: Leftover[] = [];
  /** Calls by id, oldest first: providers reuse ids, and the newest open one is meant. */
  readonly #calls = new Map<string, PendingCall[]>();
  /** An assistant's reasoning that waits for what it led to. */
  #reasoning: Builder | undefined;

  add(entry: Entry): void {
    const { role } = entry.message;
    if (role === "tool") {
      const joined = this.#joinResults(entry, partsOf(entry.message));
      if (joined !== "joined") this.#leave(entry, joined);
      return;
    }
    const parts = partsOf(entry.message).filter((part) => !isBlank(part) && belongsTo(part, role));
    if (parts.length === 0) this.#leave(entry, "empty");
    else if (role === "assistant") this.#addSpeech(entry, parts);
    else {
      if (role === "user") this.#dropReasoning();
      this.#start(role, entry, parts);
    }
  }

  finish(): Grouping {
    this.#dropReasoning();
    const groups: Group[] = [];
    for (const builder of this.#builders) {
      const messages = messagesOf(builder);
      const shown = new Set(messages.map((message) => message.seq));
      for (const entry of builder.entries) if (!shown.has(entry.seq)) this.#leave(entry, "unsendable");
      if (messages.length === 0) continue;
      groups.push({
        kind: builder.calls.length > 0 ? "tool-calls" : builder.kind,
        entries: builder.entries.filter((entry) => shown.has(entry.seq)),
        pinned: builder.entries.some((entry) => entry.pinned),
        messages,
      });
    }
    return { groups, leftovers: this.#leftovers };
  }

  #start(kind: GroupKind, entry: Entry, parts: readonly ContentPart[]): Builder {
    const builder: Builder = { kind, entries: [entry], speech: [{ entry, parts }], results: [], calls: [] };
    this.#builders.push(builder);
    return builder;
  }

  #addSpeech(entry: Entry, parts: readonly ContentPart[]): void {
    // A provider that runs a tool may answer in a later message of the assistant: both are one group.
    let builder = this.#reasoning ?? this.#ownerOfProviderResult(parts);
    if (builder === undefined) builder = this.#start("assistant", entry, parts);
    else {
      builder.entries.push(entry);
      builder.speech.push({ entry, parts });
    }
    if (parts.every((part) => part.type === "reasoning")) {
      this.#reasoning = builder;
      return;
    }
    this.#reasoning = undefined;
    for (const part of parts) {
      if (part.type === "tool-call") this.#open(builder, part);
      else if (part.type === "tool-result") {
        const call = this.#openCall(part.toolCallId);
        if (call?.call.providerExecuted === true && call.builder === builder) call.answered = true;
        else this.#joinResults(entry, [part]);
      }
    }
  }

  #open(builder: Builder, part: ToolCallPart): void {
    const call: PendingCall = { builder, call: part, answered: false };
    builder.calls.push(call);
    const same = this.#calls.get(part.toolCallId);
    if (same === undefined) this.#calls.set(part.toolCallId, [call]);
    else same.push(call);
  }

  #joinResults(entry: Entry, parts: readonly ContentPart[]): "joined" | LeftoverReason {
    let outcome: "joined" | LeftoverReason = "orphan-result";
    for (const part of parts) {
      if (part.type !== "tool-result") continue;
      const call = this.#openCall(part.toolCallId);
      if (call === undefined || call.call.providerExecuted === true) {
        if (outcome !== "joined" && this.#calls.has(part.toolCallId)) outcome = "duplicate-result";
        continue;
      }
      call.answered = true;
      outcome = "joined";
      const { entries, results } = call.builder;
      if (!entries.includes(entry)) entries.push(entry);
      const last = results.at(-1);
      if (last?.entry === entry) last.parts.push(part);
      else results.push({ entry, parts: [part] });
    }
    return outcome;
  }

  #openCall(toolCallId: string): PendingCall | undefined {
    return this.#calls.get(toolCallId)?.findLast((candidate) => !candidate.answered);
  }

  #ownerOfProviderResult(parts: readonly ContentPart[]): Builder | undefined {
    for (const part of parts) {
      const call = part.type === "tool-result" ? this.#openCall(part.toolCallId) : undefined;
      if (call?.call.providerExecuted === true) return call.builder;
    }
    return undefined;
  }

  /** Reasoning that led to nothing is refused by providers that check for what must follow it. */
  #dropReasoning(): void {
    const builder = this.#reasoning;
    if (builder === undefined) return;
    this.#reasoning = undefined;
    if (builder.calls.length > 0 || builder.speech.some(({ parts }) => parts.some(isSpoken))) return;
    this.#builders.splice(this.#builders.indexOf(builder), 1);
    for (const entry of builder.entries) this.#leave(entry, "dangling-reasoning");
  }

  #leave(entry: Entry, reason: LeftoverReason): void {
    this.#leftovers.push({ entry, reason });
  }
}

function isSpoken(part: ContentPart): boolean {
  return part.type !== "reasoning";
}

/** Parts that no provider takes in a message of this role are not shown. */
function belongsTo(part: ContentPart, role: "system" | "user" | "assistant"): boolean {
  if (role === "system") return part.type === "text";
  if (role === "user") return part.type === "text" || part.type === "image" || part.type === "file";
  return true;
}

function messagesOf(builder: Builder): ViewMessage[] {
  const messages = speechOf(builder);
  if (messages.length === 0) return [];
  for (const { entry, parts } of builder.results) {
    const whole = entry.message.role === "tool" && parts.length === partsOf(entry.message).length;
    const { message } = entry;
    messages.push({
      message: whole ? message : { ...withParts(message, parts), role: "tool" },
      seq: entry.seq,
    });
  }
  const missing = builder.calls.filter(({ call, answered }) => !answered && call.providerExecuted !== true);
  if (missing.length > 0) {
    messages.push({
      message: { role: "tool", content: missing.map(({ call }) => resultInPlaceOf(call)) },
      seq: undefined,
    });
  }
  return messages;
}

/**
 * The assistant's messages as providers take them: without what cannot be sent, reasoning before what it led to, and
 * the calls that we run at the very end, where their results follow.
 */
function speechOf(builder: Builder): ViewMessage[] {
  const sendable = builder.speech
    .map(({ entry, parts }) => ({ entry, parts: parts.filter((part) => isSendable(part, builder)) }))
    .filter(({ parts }) => parts.length > 0);
  const earlierCalls = sendable.slice(0, -1).flatMap(({ parts }) => parts.filter(isClientCall));
  return sendable.map(({ entry, parts }, index) => {
    const calls = index < sendable.length - 1 ? [] : [...earlierCalls, ...parts.filter(isClientCall)];
    const arranged = [...reasoningFirst(parts.filter((part) => !isClientCall(part))), ...calls];
    const { content } = entry.message;
    const same =
      typeof content === "string" ||
      (arranged.length === content.length && arranged.every((part, at) => part === content[at]));
    return { message: same ? entry.message : withParts(entry.message, arranged), seq: entry.seq };
  });
}

/** Reasoning at the end of a message has led to nothing in it; in front it reads as what it is. */
function reasoningFirst(parts: readonly ContentPart[]): readonly ContentPart[] {
  const lastSpoken = parts.findLastIndex(isSpoken);
  return lastSpoken === -1 ? parts : [...parts.slice(lastSpoken + 1), ...parts.slice(0, lastSpoken + 1)];
}

function isClientCall(part: ContentPart): boolean {
  return part.type === "tool-call" && part.providerExecuted !== true;
}

/** A provider's call without its result cannot be answered by us; a result without its call answers nothing. */
function isSendable(part: ContentPart, builder: Builder): boolean {
  if (part.type === "tool-call" && part.providerExecuted === true) {
    return builder.calls.some(({ call, answered }) => call === part && answered);
  }
  if (part.type === "tool-result") {
    return builder.calls.some(
      ({ call, answered }) =>
        answered && call.providerExecuted === true && call.toolCallId === part.toolCallId,
    );
  }
  return true;
}

function resultInPlaceOf(call: ToolCallPart): ToolResultPart {
  const { toolCallId, toolName } = call;
  return { type: "tool-result", toolCallId, toolName, output: missingResult, isError: true };
}
