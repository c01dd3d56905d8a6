import type { EventInput, SessionAddress } from "@relevo/core";

const text =
  "Hello, I would like to know more about the enterprise plan, and whether it includes support for our thirty teams in Spain.";

/** A chat message of some 120 letters, as an event. */
export function message(index: number): EventInput {
  return {
    type: "message",
    agent: "planner",
    at: 1_700_000_000_000 + index,
    body: {
      role: index % 2 === 0 ? "user" : "assistant",
      content: text,
      id: `m-${index}`,
      metadata: { source: "web" },
    },
  };
}

export const batch: readonly EventInput[] = Array.from({ length: 100 }, (_, index) => message(index));
export const address: SessionAddress = { tenant: "acme", session: "s-1" };
