import type { ContentPart, Message, Role } from "@relevo/core";
import fc from "fast-check";
import * as parts from "./parts.ts";

const agent = fc.option(fc.constantFrom("sales", "support"), { nil: undefined, freq: 3 });
const native = fc.option(
  fc.constantFrom(
    { format: "langchain", item: 1 },
    { format: "openai-responses", item: { type: "compaction" } },
  ),
  { nil: undefined, freq: 9 },
);

function messageOf(
  role: Role,
  content: Message["content"],
  fields: { readonly agent?: string | undefined; readonly native?: Message["native"] } = {},
): Message {
  return {
    role,
    content,
    ...(fields.agent === undefined ? {} : { agent: fields.agent }),
    ...(fields.native === undefined ? {} : { native: fields.native }),
  };
}

/** One message by itself, with any parts that its role may have. */
const lone: fc.Arbitrary<Message> = fc
  .constantFrom<Role>("user", "assistant", "assistant", "tool", "system")
  .chain((role) =>
    fc
      .record({
        content: fc.array(parts.ofRole[role], { minLength: role === "tool" ? 1 : 0, maxLength: 5 }),
        agent,
        native,
        asText: fc.boolean(),
      })
      .map(({ content, asText, ...fields }) => {
        const only = content.length === 1 ? content[0] : undefined;
        return messageOf(role, asText && only?.type === "text" ? only.text : content, fields);
      }),
  );

/** A turn as programs write it: a question, reasoning, calls, their results in some order and number, an answer. */
const turn: fc.Arbitrary<readonly Message[]> = fc
  .record({
    agent,
    question: fc.option(parts.text, { nil: undefined, freq: 4 }),
    thought: fc.option(parts.reasoning, { nil: undefined, freq: 2 }),
    apart: fc.boolean(),
    calls: fc.array(parts.callAndThought, { maxLength: 4 }),
    results: fc.array(parts.result, { maxLength: 5 }),
    together: fc.boolean(),
    interrupted: fc.boolean(),
    answer: fc.option(parts.text, { nil: undefined }),
  })
  .map((drawn) => {
    const by = { agent: drawn.agent };
    const messages: Message[] = [];
    if (drawn.question !== undefined) messages.push(messageOf("user", [drawn.question]));
    const thoughts = drawn.thought === undefined ? [] : [drawn.thought];
    if (drawn.apart && thoughts.length > 0) messages.push(messageOf("assistant", thoughts, by));
    const called = [...(drawn.apart ? [] : thoughts), ...drawn.calls.flat()];
    if (called.length > 0) messages.push(messageOf("assistant", called, by));
    if (drawn.interrupted) messages.push(messageOf("user", "Are you there?"));
    if (drawn.together && drawn.results.length > 0) messages.push(messageOf("tool", drawn.results, by));
    else for (const one of drawn.results) messages.push(messageOf("tool", [one], by));
    if (drawn.answer !== undefined) messages.push(messageOf("assistant", [drawn.answer], by));
    return messages;
  });

/** Two turns of agents that run side by side. */
const interleaved: fc.Arbitrary<readonly Message[]> = fc
  .tuple(turn, turn, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }))
  .map(([left, right, order]) => {
    const merged: Message[] = [];
    const rest = { left: [...left], right: [...right] };
    for (let index = 0; rest.left.length > 0 || rest.right.length > 0; index++) {
      const from = order[index % order.length] === true ? rest.left : rest.right;
      const next = from.shift() ?? rest.left.shift() ?? rest.right.shift();
      if (next !== undefined) merged.push(next);
    }
    return merged;
  });

/** Anything that an append takes. */
export const conversation: fc.Arbitrary<readonly Message[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: turn },
      { weight: 2, arbitrary: interleaved },
      { weight: 3, arbitrary: lone.map((message) => [message]) },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((said) => said.flat());

/** Also what only an import brings: parts in messages of a role that cannot carry them, text of a tool. */
export const strange: fc.Arbitrary<readonly Message[]> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: conversation },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            fc.constantFrom<Role>("user", "assistant", "tool", "system"),
            fc.array(fc.oneof(...Object.values(parts.ofRole)), { maxLength: 4 }),
          )
          .map(([role, content]): Message[] => [messageOf(role, content as readonly ContentPart[])]),
      },
      {
        weight: 1,
        arbitrary: fc.constant<Message[]>([messageOf("tool", "12 degrees")]),
      },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((said) => said.flat());
