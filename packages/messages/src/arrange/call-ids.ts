import type { ContentPart, JsonValue, Provider, ToolCallPart } from "@relevo/core";
import type { ViewMessage } from "../groups/group.ts";
import { withParts } from "../groups/parts.ts";
import { type CallIdRule, callIdRuleOf } from "./call-id-rules.ts";

/**
 * Gives each call of a view a unique id that the provider accepts, the original one if possible: providers reuse ids,
 * and some refuse the form of others. A new id is derived from the original and the position of the group, so that the
 * next view has the same. The cost is linear in the number of calls, whatever their ids are.
 */
export class CallIds {
  readonly #rule: CallIdRule;
  readonly #used = new Set<string>();
  /** The number of copies of each id, by prefix: counting from one each time would be quadratic. */
  readonly #copies = new Map<string, number>();

  constructor(provider: Provider | undefined) {
    this.#rule = callIdRuleOf(provider);
  }

  unique(messages: readonly ViewMessage[], place: number): readonly ViewMessage[] {
    if (this.#rule.unique === "turn") this.#used.clear();
    /** The new ids of each id: the n-th result answers the n-th call. */
    const calls = new Map<string, string[]>();
    let changed = false;
    for (const { message } of messages) {
      if (typeof message.content === "string") continue;
      for (const part of message.content) {
        if (part.type !== "tool-call") continue;
        const id = this.#take(part, place);
        if (id !== part.toolCallId) changed = true;
        const same = calls.get(part.toolCallId);
        if (same === undefined) calls.set(part.toolCallId, [id]);
        else same.push(id);
      }
    }
    if (!changed) return messages;
    const renaming = new Renaming(calls);
    return messages.map((one) => {
      const { content } = one.message;
      if (typeof content === "string" || !content.some(hasCallId)) return one;
      const parts = content.map((part) => renaming.rename(part));
      const same = parts.every((part, at) => part === content[at]);
      return same ? one : { ...one, message: withParts(one.message, parts) };
    });
  }

  #take({ toolCallId: id, providerExecuted }: ToolCallPart, place: number): string {
    const fits = providerExecuted === true || this.#rule.form.test(id);
    let unique = id;
    if (!fits || this.#used.has(id)) {
      const clean = id.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
      const ending = `_${place}`;
      unique = `${clean.slice(0, maxLength - ending.length)}${ending}`;
      if (this.#used.has(unique)) {
        const stem = `${clean.slice(0, stemLength)}${ending}`;
        let copy = this.#copies.get(stem) ?? 1;
        do unique = `${stem}_${++copy}`;
        while (this.#used.has(unique));
        this.#copies.set(stem, copy);
      }
    }
    this.#used.add(unique);
    return unique;
  }
}

const maxLength = 40;
/** Leaves room for a position and the number of a copy. */
const stemLength = 12;

/** Returns new ids in the order of calls and of results. */
class Renaming {
  readonly #ids: ReadonlyMap<string, readonly string[]>;
  readonly #calls = new Map<string, number>();
  readonly #results = new Map<string, number>();

  constructor(ids: ReadonlyMap<string, readonly string[]>) {
    this.#ids = ids;
  }

  rename(part: ContentPart): ContentPart {
    if (part.type === "tool-result") {
      const toolCallId = this.#next(this.#results, part.toolCallId);
      return toolCallId === part.toolCallId ? part : { ...part, toolCallId };
    }
    if (part.type !== "tool-call") return part;
    const toolCallId = this.#next(this.#calls, part.toolCallId);
    if (toolCallId === part.toolCallId) return part;
    const native =
      part.native === undefined ? {} : { native: withId(part.native, part.toolCallId, toolCallId, 0) };
    return { ...part, toolCallId, ...native };
  }

  #next(counts: Map<string, number>, id: string): string {
    const index = counts.get(id) ?? 0;
    counts.set(id, index + 1);
    return this.#ids.get(id)?.[index] ?? id;
  }
}

const maxDepth = 64;

/** A provider's own form of the call may repeat its id; a signature never equals one. */
function withId(native: JsonValue, from: string, to: string, depth: number): JsonValue {
  if (native === from) return to;
  if (typeof native !== "object" || native === null || depth > maxDepth) return native;
  if (Array.isArray(native)) return native.map((value) => withId(value, from, to, depth + 1));
  return Object.fromEntries(
    Object.entries(native).map(([key, value]) => [key, withId(value, from, to, depth + 1)]),
  );
}

function hasCallId(part: ContentPart): boolean {
  return part.type === "tool-call" || part.type === "tool-result";
}
