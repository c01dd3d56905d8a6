import type { ContentPart, Message } from "@relevo/core";

/** Histories that a model, a user or a broken program could leave behind. `size` is about their number of parts. */
export const hostileConversations: Readonly<Record<string, (size: number) => readonly Message[]>> = {
  "many turns": (size) => {
    const messages: Message[] = [];
    for (let n = 0; n < size / 2; n++) {
      messages.push(
        { role: "user", content: `Question ${n}` },
        { role: "assistant", content: `Answer ${n}` },
      );
    }
    return messages;
  },
  "one turn": (size) => [
    { role: "user", content: "Go on." },
    ...messagesOf(size, (n): Message => ({ role: "assistant", content: `Step ${n}` })),
  ],
  "a system message a turn": (size) =>
    messagesOf(size, (n): Message => ({ role: n % 2 === 0 ? "system" : "user", content: `Rule ${n}` })),
  "one message of many open calls": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size, (n) => callOf(`c${n}`)) },
  ],
  "one message of many calls with one id": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size, () => callOf("c")) },
  ],
  "calls with one id, each with its result": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size / 2, () => callOf("c")) },
    { role: "tool", content: partsOf(size / 2, () => resultOf("c")) },
  ],
  "one message of calls, results in reverse": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size / 2, (n) => callOf(`c${n}`)) },
    ...messagesOf(size / 2, (n): Message => ({ role: "tool", content: [resultOf(`c${size / 2 - 1 - n}`)] })),
  ],
  "messages that reuse one id": (size) =>
    messagesOf(size / 2, (n) => n).flatMap((): Message[] => [
      { role: "user", content: "Again." },
      { role: "assistant", content: [callOf("c")] },
      { role: "tool", content: [resultOf("c")] },
    ]),
  "ids that no provider takes": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size, (n) => callOf(`${"é".repeat(60)}${n % 7}`)) },
  ],
  "ids that begin alike and are too long": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size, (n) => callOf(`${"x".repeat(60)}${n}`)) },
  ],
  "calls with reasoning of their own": (size) => [
    { role: "user", content: "Go on." },
    {
      role: "assistant",
      content: messagesOf(size / 2, (n) => n).flatMap((_, n): ContentPart[] => [
        { type: "reasoning", text: "Hm.", native: { id: `rs_${n}` } },
        callOf(`c${n}`),
      ]),
    },
    { role: "tool", content: partsOf(size / 2, (n) => resultOf(`c${n}`)) },
  ],
  "reasoning of one item in many parts": (size) => [
    { role: "user", content: "Go on." },
    {
      role: "assistant",
      content: [
        ...partsOf(size, () => ({ type: "reasoning", text: "Hm.", native: { id: "rs_1" } })),
        { type: "text", text: "Done." },
      ],
    },
  ],
  "items of other providers": (size) => [
    { role: "user", content: "Go on." },
    {
      role: "assistant",
      content: partsOf(size, (n) => ({ type: "native", format: `gateway-${n % 5}`, item: n })),
    },
  ],
  "results without calls": (size) =>
    messagesOf(size, (n): Message => ({ role: "tool", content: [resultOf(`c${n}`)] })),
  "one result many times": (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: [callOf("c")] },
    { role: "tool", content: partsOf(size, () => resultOf("c")) },
  ],
  "open calls of many agents": (size) => [
    { role: "user", content: "Go on." },
    ...messagesOf(size, (n): Message => ({ role: "assistant", agent: `a${n}`, content: [callOf("c")] })),
    ...messagesOf(size, (n): Message => ({ role: "tool", agent: `a${n}`, content: [resultOf("c")] })),
  ],
  "a provider's calls that nobody answered": (size) => [
    { role: "user", content: "Go on." },
    ...messagesOf(
      size,
      (n): Message => ({
        role: "assistant",
        content: [{ ...callOf(`c${n % 3}`), providerExecuted: true }],
      }),
    ),
    { role: "user", content: "And?" },
  ],
  reasoning: (size) => [
    { role: "user", content: "Think." },
    ...messagesOf(
      size,
      (n): Message => ({
        role: "assistant",
        content: [{ type: "reasoning", text: `Thought ${n}` }],
      }),
    ),
    { role: "assistant", content: "Done." },
  ],
  "reasoning of many agents": (size) => [
    { role: "user", content: "Think." },
    ...messagesOf(
      size,
      (n): Message => ({
        role: "assistant",
        agent: `a${n}`,
        content: [{ type: "reasoning", text: "Hm." }],
      }),
    ),
    { role: "assistant", content: "Done." },
  ],
  approvals: (size) => [
    { role: "user", content: "Go on." },
    { role: "assistant", content: partsOf(size, (n) => callOf(`c${n % 2}`)) },
    {
      role: "assistant",
      content: partsOf(size, (n) => ({
        type: "tool-approval-request",
        approvalId: `p${n}`,
        toolCallId: `c${n % 2}`,
      })),
    },
    {
      role: "tool",
      content: partsOf(size, (n) => ({
        type: "tool-approval-response",
        approvalId: `p${n}`,
        approved: false,
      })),
    },
  ],
  "empty messages": (size) => messagesOf(size, (): Message => ({ role: "assistant", content: "  " })),
};

function messagesOf<Item>(size: number, make: (n: number) => Item): Item[] {
  return Array.from({ length: size }, (_, n) => make(n));
}

function partsOf(size: number, make: (n: number) => ContentPart): readonly ContentPart[] {
  return messagesOf(size, make);
}

function callOf(toolCallId: string): Extract<ContentPart, { type: "tool-call" }> {
  return { type: "tool-call", toolCallId, toolName: "find", input: {} };
}

function resultOf(toolCallId: string): ContentPart {
  return { type: "tool-result", toolCallId, toolName: "find", output: "ok" };
}
