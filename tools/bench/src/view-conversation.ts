import type { Message } from "@relevo/core";

const words =
  "the order was sent on monday and should arrive within three days unless customs keeps it longer than usual".split(
    " ",
  );

/** A conversation of an agent with tools: four messages a turn, of lengths that vary and are the same each time. */
export function* conversation(turns: number): Generator<Message> {
  let state = 1;
  const upTo = (limit: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  const prose = (count: number): string =>
    Array.from({ length: count }, () => words[upTo(words.length)]).join(" ");
  yield { role: "system", content: prose(300) };
  for (let turn = 0; turn < turns; turn++) {
    const toolCallId = `call_${turn}`;
    yield { role: "user", content: prose(10 + upTo(40)) };
    yield {
      role: "assistant",
      content: [{ type: "tool-call", toolCallId, toolName: "track", input: { order: prose(3), turn } }],
    };
    yield {
      role: "tool",
      content: [{ type: "tool-result", toolCallId, toolName: "track", output: prose(20 + upTo(150)) }],
    };
    yield { role: "assistant", content: prose(20 + upTo(80)) };
  }
}
