import type { ContentPart, JsonValue, Message, Role } from "@relevo/core";
import fc from "fast-check";

/**
 * A part before it has an id: calls, results and approvals name a slot. Where ids are unique, each call takes a new
 * one and the slot stands for its newest call; where they are reused, the slot is the id.
 */
type PartDraft =
  | { readonly type: "plain"; readonly part: ContentPart }
  | {
      readonly type: "call";
      readonly slot: number;
      readonly provider: boolean;
      readonly input: JsonValue;
      readonly name: string;
    }
  | { readonly type: "result"; readonly slot: number; readonly output: JsonValue; readonly isError: boolean }
  | { readonly type: "request"; readonly slot: number }
  | {
      readonly type: "response";
      readonly slot: number;
      readonly approved: boolean;
      readonly reason: string | undefined;
    };

export interface MessageDraft {
  readonly role: Role;
  readonly parts: readonly PartDraft[];
  /** Text parts alone may be written as a string. */
  readonly asString: boolean;
  readonly agent: string | undefined;
  readonly pinned: boolean;
}

export type Step =
  | { readonly do: "say"; readonly messages: readonly MessageDraft[] }
  /** Many plain turns, so that a history is longer than one page. */
  | { readonly do: "fill"; readonly turns: number }
  | { readonly do: "view" }
  /** Positions are shares of the log as it is then, so that a story stays one when it shrinks. */
  | { readonly do: "retract"; readonly at: number; readonly length: number }
  | { readonly do: "erase"; readonly at: number };

export interface History {
  readonly uniqueIds: boolean;
  readonly steps: readonly Step[];
}

const slot = fc.nat(4);
const words = (count: number): string => "word ".repeat(count).trim();
const text = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }).map(words) },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\n\t", "ok.", "¿Qué?", "日本語のテキスト", "👩‍👩‍👧") },
);
const agent = fc.option(fc.constantFrom("one", "two"), { nil: undefined, freq: 3 });
const input: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 8, arbitrary: text.map((q) => ({ q })) },
  { weight: 1, arbitrary: fc.constantFrom<JsonValue>("raw", null, [1, 2], 7, {}) },
);
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("search", "pay") },
  { weight: 1, arbitrary: fc.constantFrom("mcp.find it", "9lives", "búsqueda", "x".repeat(90)) },
);

const plain = (part: ContentPart): PartDraft => ({ type: "plain", part });
const textPart = text.map((value) => plain({ type: "text", text: value }));
const reasoningPart = text.map((value) => plain({ type: "reasoning", text: value }));
const mediaPart = fc.constantFrom(
  plain({ type: "image", url: "https://example.com/a.png" }),
  plain({ type: "file", fileId: "file-1", name: "a.pdf" }),
);
const nativePart = fc.constantFrom(
  plain({
    type: "native",
    format: "openai-responses",
    item: { type: "web_search_call", id: "ws_1" },
    tokens: 9,
  }),
  plain({ type: "native", format: "gemini", item: { executableCode: { code: "1+1" } } }),
  plain({ type: "native", format: "my-gateway", item: "opaque" }),
);
const signedPart = fc.constantFrom(
  ...["rs_1", "rs_2", "rs_3"].map((id) => plain({ type: "reasoning", text: `about ${id}`, native: { id } })),
);
const callPart = fc.record({
  type: fc.constant("call" as const),
  slot,
  provider: fc.boolean(),
  input,
  name,
});
const clientCallPart = callPart.map((part) => ({ ...part, provider: false }));
const resultPart = fc.record({
  type: fc.constant("result" as const),
  slot,
  output: fc.oneof(text, fc.constantFrom<JsonValue>(null, { rows: [1, 2] })),
  isError: fc.boolean(),
});
const requestPart = fc.record({ type: fc.constant("request" as const), slot });
const responsePart = fc.record({
  type: fc.constant("response" as const),
  slot,
  approved: fc.boolean(),
  reason: fc.option(text, { nil: undefined }),
});

const anyPart = fc.oneof(
  textPart,
  reasoningPart,
  mediaPart,
  nativePart,
  callPart,
  resultPart,
  requestPart,
  responsePart,
);
const partsOfRole: Readonly<Record<Role, fc.Arbitrary<PartDraft>>> = {
  system: textPart,
  user: fc.oneof({ weight: 5, arbitrary: textPart }, { weight: 1, arbitrary: mediaPart }),
  assistant: fc.oneof(
    { weight: 4, arbitrary: textPart },
    { weight: 4, arbitrary: clientCallPart },
    { weight: 2, arbitrary: callPart },
    { weight: 2, arbitrary: reasoningPart },
    { weight: 1, arbitrary: signedPart },
    { weight: 1, arbitrary: nativePart },
    { weight: 2, arbitrary: resultPart },
    { weight: 1, arbitrary: requestPart },
  ),
  tool: fc.oneof({ weight: 5, arbitrary: resultPart }, { weight: 1, arbitrary: responsePart }),
};

const role = fc.constantFrom<Role>(
  "user",
  "user",
  "assistant",
  "assistant",
  "assistant",
  "tool",
  "tool",
  "system",
);

/** One message by itself: any role, as a rule with parts of its own, now and then with any. */
const loneMessage: fc.Arbitrary<MessageDraft> = role.chain((own) =>
  fc.record({
    role: fc.constant(own),
    parts: fc.array(
      fc.oneof({ weight: 12, arbitrary: partsOfRole[own] }, { weight: 1, arbitrary: anyPart }),
      { maxLength: 4 },
    ),
    asString: fc.boolean(),
    agent,
    pinned: fc.nat(11).map((value) => value === 0),
  }),
);

/** A turn of one agent as programs write it, with crashes: results are shuffled, late or missing. */
const turn: fc.Arbitrary<readonly MessageDraft[]> = fc
  .record({
    agent,
    asks: fc.boolean(),
    question: textPart,
    thinks: fc.nat(3),
    thought: reasoningPart,
    calls: fc.array(clientCallPart, { maxLength: 3 }),
    results: fc.array(resultPart, { maxLength: 4 }),
    together: fc.boolean(),
    answer: fc.option(textPart, { nil: undefined }),
    pinned: fc.nat(15),
  })
  .map((drawn) => {
    const message = (own: Role, parts: readonly PartDraft[], index: number): MessageDraft => ({
      role: own,
      parts,
      asString: true,
      agent: own === "user" ? undefined : drawn.agent,
      pinned: drawn.pinned === index,
    });
    const messages: MessageDraft[] = [];
    if (drawn.asks) messages.push(message("user", [drawn.question], 0));
    if (drawn.thinks === 1) messages.push(message("assistant", [drawn.thought], 1));
    const thought = drawn.thinks === 2 ? [drawn.thought] : [];
    if (drawn.calls.length > 0) messages.push(message("assistant", [...thought, ...drawn.calls], 2));
    if (drawn.together && drawn.results.length > 0) messages.push(message("tool", drawn.results, 3));
    else for (const result of drawn.results) messages.push(message("tool", [result], 3));
    if (drawn.answer !== undefined) messages.push(message("assistant", [drawn.answer], 4));
    return messages;
  });

/** Two turns of agents that run side by side. */
const interleaved: fc.Arbitrary<readonly MessageDraft[]> = fc
  .tuple(turn, turn, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }))
  .map(([left, right, order]) => {
    const merged: MessageDraft[] = [];
    let [fromLeft, fromRight] = [0, 0];
    for (let index = 0; fromLeft < left.length || fromRight < right.length; index++) {
      const takesLeft = fromRight >= right.length || (order[index % order.length] && fromLeft < left.length);
      const next = takesLeft ? left[fromLeft++] : right[fromRight++];
      if (next !== undefined) merged.push(next);
    }
    return merged;
  });

const said = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: turn },
      { weight: 2, arbitrary: interleaved },
      { weight: 3, arbitrary: loneMessage.map((message) => [message]) },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((messages) => ({ do: "say", messages: messages.flat() }) as const);

const share = fc.integer({ min: 0, max: 99 }).map((value) => value / 100);

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: said },
  { weight: 8, arbitrary: fc.constant({ do: "view" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("fill" as const), turns: fc.constantFrom(5, 20, 45) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("retract" as const),
      at: share,
      length: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("erase" as const), at: share }) },
);

/** Histories that end with a view: what is said between views, what is taken out, whether ids are used again. */
export const history: fc.Arbitrary<History> = fc.record({
  uniqueIds: fc.boolean(),
  steps: fc.array(step, { minLength: 1, maxLength: 9 }).map((steps) => [...steps, { do: "view" } as const]),
});

const reusedIds = ["a", "call_1", "with:colon", "long".repeat(20), "ü"] as const;

/** Gives drafts their ids, in the order in which they are said. */
export class Writer {
  readonly #uniqueIds: boolean;
  readonly #newest = new Map<number, string>();
  #calls = 0;

  constructor(uniqueIds: boolean) {
    this.#uniqueIds = uniqueIds;
  }

  write(draft: MessageDraft): Message {
    const parts = draft.parts.map((part) => this.#part(part));
    const only = parts.length === 1 ? parts[0] : undefined;
    const content = draft.asString && only?.type === "text" ? only.text : parts;
    return { role: draft.role, content, ...(draft.agent === undefined ? {} : { agent: draft.agent }) };
  }

  #part(draft: PartDraft): ContentPart {
    switch (draft.type) {
      case "plain":
        return draft.part;
      case "call": {
        const { provider, input: given, name: toolName } = draft;
        const toolCallId = this.#newId(draft.slot);
        const call = { type: "tool-call", toolCallId, toolName, input: given } as const;
        return provider ? { ...call, providerExecuted: true } : call;
      }
      case "result": {
        const { output, isError } = draft;
        return { type: "tool-result", toolCallId: this.#id(draft.slot), output, isError };
      }
      case "request":
        return {
          type: "tool-approval-request",
          approvalId: `approve ${draft.slot}`,
          toolCallId: this.#id(draft.slot),
        };
      case "response": {
        const { approved, reason } = draft;
        const approvalId = `approve ${draft.slot}`;
        const response = { type: "tool-approval-response", approvalId, approved } as const;
        return reason === undefined ? response : { ...response, reason };
      }
    }
  }

  #newId(of: number): string {
    if (!this.#uniqueIds) return this.#id(of);
    this.#calls++;
    // Now and then one that a provider would refuse.
    const id = this.#calls % 7 === 0 ? `odd:${"-".repeat(60)}${this.#calls}` : `call_${this.#calls}`;
    this.#newest.set(of, id);
    return id;
  }

  #id(of: number): string {
    return (this.#uniqueIds ? this.#newest.get(of) : reusedIds[of]) ?? `none_${of}`;
  }
}
