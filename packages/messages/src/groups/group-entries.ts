import type { ContentPart, Message, ToolCallPart, ToolResultPart, ViewForm } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import { type AnswerOpenCall, messagesOf } from "./draft-messages.ts";
import type { Entry } from "./entry.ts";
import {
  type Approval,
  firstSeq,
  type Group,
  type Grouping,
  type GroupKind,
  type Leftover,
  type LeftoverReason,
} from "./group.ts";
import type { DraftCall, GroupDraft, SpokenPart } from "./group-draft.ts";
import { isOfProvider, OpenCalls } from "./open-calls.ts";
import { isBlank, isBlankText, partsOf } from "./parts.ts";
import { takesPart } from "./takes-part.ts";

/** Options for groups. The form of a view may be passed as a whole; `prefill` has no effect here. */
export interface GroupOptions extends ViewForm {
  /** Returns the result for a call that has none. Called once for each. */
  readonly answer?: AnswerOpenCall | undefined;
}

const groupFields: FieldTable = fieldTable<GroupOptions>({
  for: "refines",
  prefill: "refines",
  answer: "refines",
});

/**
 * Splits a history into groups that must stay together. Entries are in the order of the log and may start in the middle
 * of it: a result whose call is older is left over. Every entry is in a group or left over.
 *
 * - Results join the newest unanswered call with their id, of the same agent if there is one, however late they are.
 * - Reasoning without text or calls joins the next message of the same agent, unless a user message comes first. The
 *   provider's result of a call that the provider runs joins the call within the same turn.
 * - A call without a result gets one that says so, or that it was refused, marked as an error. A call that the provider
 *   should have run cannot be answered by the application and is left out.
 * - Approval requests and responses belong to their call and are not shown; a refusal becomes the result of the call.
 * - Parts that the provider does not accept (without `for`: that one of the four does not accept) are not shown.
 *
 * The cost is linear in the number of parts.
 */
export function groupEntries(entries: readonly Entry[], options?: GroupOptions): Grouping {
  const grouper = new Grouper(admitOptions(options, groupFields));
  for (const entry of entries) grouper.add(entry);
  return grouper.finish();
}

class Grouper {
  readonly #options: GroupOptions;
  /** In the order in which they began. A text is whole at once; a draft is completed by what follows. */
  readonly #begun: (Group | GroupDraft)[] = [];
  /** Entries that are not a text by themselves: only of those something may be left over. */
  readonly #composed: Entry[] = [];
  /** Why an entry is left over when nothing of it is shown. */
  readonly #reasons = new Map<Entry, LeftoverReason>();
  readonly #open = new OpenCalls();
  readonly #answered = new Set<string>();
  readonly #parted = new Set<Entry>();
  /** Calls of this turn that the provider runs. */
  readonly #providerCalls: DraftCall[] = [];
  readonly #approvals = new Map<string, DraftCall>();
  /** Messages with an approval request or response, and its call. */
  readonly #about: { readonly entry: Entry; readonly call: DraftCall }[] = [];
  /** The reasoning of each agent that has led to nothing so far. */
  readonly #reasoning = new Map<string | undefined, GroupDraft>();
  #calls = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  add(entry: Entry): void {
    const { role, content, native, agent } = entry.message;
    // Most messages are one text, which no other entry can change: the general path takes several times as long.
    if (typeof content === "string" && role !== "tool" && !isBlankText(content)) {
      if (role === "user") this.#endTurn();
      if (role !== "assistant" || !this.#reasoning.has(agent)) {
        this.#begun.push(groupOfText(role, entry));
        return;
      }
    }
    this.#composed.push(entry);
    const own = partsOf(entry.message);
    const parts = own.some(isBlank) ? own.filter((part) => !isBlank(part)) : own;
    if (own.length === 0 && native !== undefined) this.#addNative(entry, native);
    else if (parts.length === 0) this.#reasons.set(entry, "empty");
    else if (role === "tool") this.#addResults(entry, parts);
    else if (role === "assistant") this.#addSpeech(entry, parts);
    else {
      const taken = parts.filter((part) => this.#takes(part, entry));
      if (taken.length === 0) return;
      if (role === "user") this.#endTurn();
      const draft = this.#start(role, entry);
      draft.speech.push({ entry, parts: taken.map((part) => ({ part })) });
    }
  }

  finish(): Grouping {
    this.#dropReasoning();
    if (this.#composed.length === 0)
      return { groups: this.#begun as Group[], leftovers: [], parted: [], approvals: [] };
    const groups: Group[] = [];
    const groupOf = new Map<GroupDraft, Group>();
    const shown = new Set<number | undefined>();
    let ordered = true;
    let last = 0;
    for (const begun of this.#begun) {
      const group = "messages" in begun ? begun : this.#groupOf(begun, shown);
      if (group === undefined) continue;
      if (group !== begun) groupOf.set(begun as GroupDraft, group);
      groups.push(group);
      const first = firstSeq(group);
      if (first < last) ordered = false;
      last = first;
    }
    // A group whose first entry is not shown, such as reasoning that lost its item, takes the position of the next one.
    if (!ordered) groups.sort((left, right) => firstSeq(left) - firstSeq(right));
    const leftovers: Leftover[] = [];
    for (const entry of this.#composed) {
      if (!shown.has(entry.seq)) leftovers.push({ entry, reason: this.#reasons.get(entry) ?? "unsendable" });
    }
    const approvals = this.#about.flatMap(({ entry, call }): Approval[] => {
      const group = call.answered ? undefined : groupOf.get(call.draft);
      return group === undefined ? [] : [{ entry, group }];
    });
    return { groups, leftovers, parted: [...this.#parted], approvals };
  }

  /** The group of a draft, when something of it is shown; notes the entries that are. */
  #groupOf(draft: GroupDraft, shown: Set<number | undefined>): Group | undefined {
    if (draft.dropped) return undefined;
    const messages = messagesOf(draft, this.#options.answer);
    if (messages.length === 0) return undefined;
    const own = new Set<number | undefined>();
    for (const { seq, merged } of messages) {
      own.add(seq);
      if (merged !== undefined) for (const one of merged) own.add(one);
    }
    for (const seq of own) shown.add(seq);
    return {
      kind: draft.calls.length > 0 ? "tool-calls" : draft.kind,
      entries: draft.entries.filter((entry) => own.has(entry.seq)),
      pinned: draft.entries.some((entry) => entry.pinned),
      messages,
    };
  }

  #start(kind: GroupKind, entry: Entry): GroupDraft {
    const draft: GroupDraft = {
      kind,
      entries: [entry],
      speech: [],
      results: [],
      calls: [],
      dropped: false,
    };
    this.#begun.push(draft);
    return draft;
  }

  /** A message that consists only of a provider's native item. */
  #addNative(entry: Entry, { format, item }: NonNullable<Message["native"]>): void {
    const { role, agent } = entry.message;
    if (format !== this.#options.for) this.#reasons.set(entry, "other-provider");
    else if (role === "assistant" && this.#reasoning.has(agent)) {
      this.#addSpeech(entry, [{ type: "native", format, item }]);
    } else if (role === "user" || role === "assistant") {
      if (role === "user") this.#endTurn();
      this.#start(role, entry).speech.push({ entry, parts: [] });
    }
  }

  /** Whether the part can be sent. Notes when it belongs to another provider, in case nothing of the entry is left. */
  #takes(part: ContentPart, entry: Entry): boolean {
    const takes = takesPart(part, entry.message.role, this.#options.for);
    if (!takes && part.type === "native") this.#reasons.set(entry, "other-provider");
    return takes;
  }

  #addSpeech(entry: Entry, parts: readonly ContentPart[]): void {
    const { agent } = entry.message;
    const said = parts.filter(
      ({ type }) => type !== "tool-approval-request" && type !== "tool-approval-response",
    );
    if (said.length > 0) {
      // A provider that runs a tool may put the result in a later assistant message: both are one group.
      const earlier = this.#ownerOfProviderResult(said, agent) ?? this.#reasoning.get(agent);
      const draft = earlier ?? this.#start("assistant", entry);
      if (earlier !== undefined) draft.entries.push(entry);
      const spoken: SpokenPart[] = [];
      for (const part of said) {
        if (part.type === "tool-call") spoken.push({ part, call: this.#openCall(draft, part, entry) });
        else if (part.type !== "tool-result") spoken.push({ part, hidden: !this.#takes(part, entry) });
        else if (this.#answerOfProvider(draft, part, agent)) spoken.push({ part });
        else this.#joinResult(entry, part);
      }
      draft.speech.push({ entry, parts: spoken });
      if (said.every((part) => part.type === "reasoning")) {
        this.#reasoning.set(agent, draft);
        this.#reasons.set(entry, "dangling-reasoning");
      } else if (this.#reasoning.get(agent) === draft) this.#reasoning.delete(agent);
    } else this.#reasons.set(entry, "approval");
    for (const part of parts) {
      if (part.type !== "tool-approval-request") continue;
      const call = this.#open.findAny(part.toolCallId, agent);
      if (call === undefined) continue;
      this.#approvals.set(part.approvalId, call);
      this.#about.push({ entry, call });
    }
  }

  #addResults(entry: Entry, parts: readonly ContentPart[]): void {
    for (const part of parts) {
      if (part.type === "tool-approval-response") {
        this.#reasons.set(entry, "approval");
        const call = this.#approvals.get(part.approvalId);
        if (call === undefined) {
          this.#parted.add(entry);
          continue;
        }
        this.#about.push({ entry, call });
        call.refusal = part.approved ? undefined : { entry, reason: part.reason };
        noteEntry(call.draft, entry);
      } else if (part.type === "tool-result" && !this.#joinResult(entry, part)) {
        const duplicate = this.#answered.has(part.toolCallId);
        this.#reasons.set(entry, duplicate ? "duplicate-result" : "orphan-result");
      }
    }
  }

  #openCall(draft: GroupDraft, part: ToolCallPart, entry: Entry): DraftCall {
    const call: DraftCall = {
      draft,
      entry,
      call: part,
      agent: entry.message.agent,
      place: this.#calls++,
      open: true,
      answered: false,
      refusal: undefined,
      round: 0,
    };
    draft.calls.push(call);
    if (isOfProvider(call)) this.#providerCalls.push(call);
    this.#open.add(call);
    return call;
  }

  #answerOfProvider(draft: GroupDraft, part: ToolResultPart, agent: string | undefined): boolean {
    const call = this.#open.findProvider(part.toolCallId, agent);
    if (call?.draft !== draft) return false;
    this.#close(call);
    return true;
  }

  #joinResult(entry: Entry, part: ToolResultPart): boolean {
    const call = this.#open.findClient(part.toolCallId, entry.message.agent);
    if (call === undefined) {
      if (!this.#answered.has(part.toolCallId)) this.#parted.add(entry);
      return false;
    }
    this.#close(call);
    noteEntry(call.draft, entry);
    const last = call.draft.results.at(-1);
    if (last?.entry === entry) last.parts.push({ part, call });
    else call.draft.results.push({ entry, parts: [{ part, call }] });
    return true;
  }

  #close(call: DraftCall): void {
    call.open = false;
    call.answered = true;
    this.#answered.add(call.call.toolCallId);
  }

  #ownerOfProviderResult(parts: readonly ContentPart[], agent: string | undefined): GroupDraft | undefined {
    for (const part of parts) {
      const call = part.type === "tool-result" ? this.#open.findProvider(part.toolCallId, agent) : undefined;
      if (call !== undefined) return call.draft;
    }
    return undefined;
  }

  /** Nothing joins across a user message, except results of tools that the application runs. */
  #endTurn(): void {
    if (this.#reasoning.size > 0) this.#dropReasoning();
    if (this.#providerCalls.length === 0) return;
    for (const call of this.#providerCalls) call.open = false;
    this.#providerCalls.length = 0;
  }

  /** Reasoning that led to nothing is refused by providers that check what follows it. */
  #dropReasoning(): void {
    for (const draft of this.#reasoning.values()) {
      draft.dropped = true;
      for (const entry of draft.entries) this.#reasons.set(entry, "dangling-reasoning");
    }
    this.#reasoning.clear();
  }
}

function groupOfText(kind: GroupKind, entry: Entry): Group {
  const { message, seq, pinned } = entry;
  return { kind, entries: [entry], pinned, messages: [{ message, seq }] };
}

function noteEntry({ entries }: GroupDraft, entry: Entry): void {
  // Only the last can be the same: entries come in the order of the log.
  if (entries.at(-1) !== entry) entries.push(entry);
}
