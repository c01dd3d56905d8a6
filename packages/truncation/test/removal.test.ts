import { isEvent, type Message } from "@relevo/core";
import { createMemory, type Session } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { type SummarizeOptions, summarize } from "../src/index.ts";
import { textsOf, turns } from "./support/summarizers.ts";

/**
 * A conversation of five turns whose view summarizes the first three, and what its summarizer was asked. It repeats
 * everything that it sees; `meanwhile` happens before it answers, with the number of the call.
 */
async function conversation(
  meanwhile: (session: Session, call: number) => Promise<unknown>,
  options: Partial<SummarizeOptions> = {},
): Promise<{ readonly session: Session; readonly asked: (readonly string[])[] }> {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const asked: (readonly string[])[] = [];
  const elsewhere = createMemory({ store }).tenant("acme").session("chat");
  const view = summarize({
    trigger: { messages: 8 },
    keep: { messages: 4 },
    summarizer: {
      name: "repeats",
      async summarize({ messages }: { readonly messages: readonly Message[] }): Promise<string> {
        asked.push(textsOf(messages));
        await meanwhile(elsewhere, asked.length);
        return `they said ${textsOf(messages).join(" ")}`;
      },
    },
    ...options,
  });
  const session = createMemory({ store, view }).tenant("acme").session("chat");
  await session.append(turns(1, 5));
  return { session, asked };
}

/** The texts of all summaries that are stored, retracted ones too. */
async function summariesOf(session: Session): Promise<string[]> {
  const { events } = await session.events({ types: ["summary"], retracted: "include" });
  return events.filter((event) => isEvent(event, "summary")).map(({ body }) => body.text);
}

/** Takes out a message: 1 is "q1", 7 is "q4". */
const removals: Readonly<Record<string, (session: Session, seq: number) => Promise<unknown>>> = {
  erased: (session, seq) => session.erase({ seqs: [seq] }),
  retracted: (session, seq) =>
    session.append({ type: "retraction", body: { ranges: [{ from: seq, to: seq }], reason: "undo" } }),
  trimmed: (session, seq) => session.trim({ beforeSeq: seq + 1 }),
};

describe.each(Object.entries(removals))("a summary of what is %s while it is made", (_name, remove) => {
  it("stands nowhere, and another one is made of the rest", async () => {
    const { session, asked } = await conversation((elsewhere, call) =>
      call === 1 ? remove(elsewhere, 1) : Promise.resolve(),
    );
    const view = await session.view();
    expect(JSON.stringify(view)).not.toMatch(/["\s]q1"/);
    expect(asked.length).toBeLessThanOrEqual(2);
    for (const text of await summariesOf(session)) expect(text).not.toContain("q1");
    // Again, from what is stored.
    expect(JSON.stringify(await session.view())).not.toMatch(/["\s]q1"/);
  });

  it("stands nowhere when it only saw the message beside those that it stands for", async () => {
    const { session } = await conversation(
      async (elsewhere, call) => {
        if (call > 1) return;
        // The version moves too, and the messages that the summary stands for are all there, unless trimmed.
        await elsewhere.append({ role: "user", content: "meanwhile" });
        await remove(elsewhere, 7);
      },
      { overlap: 2 },
    );
    const view = await session.view();
    expect(JSON.stringify(view)).not.toMatch(/["\s]q4"/);
    for (const text of await summariesOf(session)) expect(text).not.toContain("q4");
  });

  it("is given up after three tries, and the messages are shown", async () => {
    let removed = 0;
    const { session, asked } = await conversation(async (elsewhere) => {
      // Enough stays to be summarized again.
      await elsewhere.append(turns(6 + removed, 7 + removed));
      await remove(elsewhere, ++removed);
    });
    const view = await session.view();
    expect(asked).toHaveLength(3);
    expect(await summariesOf(session)).toEqual([]);
    expect(view.notices).toEqual([expect.stringContaining("all 3 tries")]);
    const shown = JSON.stringify(view.messages);
    for (const gone of ["q1", "a1", "q2"]) expect(shown).not.toContain(`"${gone}"`);
  });
});

it("a busy session is summarized: other appends and removals elsewhere do not refuse the summary", async () => {
  const { session, asked } = await conversation(async (elsewhere) => {
    await elsewhere.append({ role: "user", content: "meanwhile" });
    await elsewhere.erase({ seqs: [10] });
    await elsewhere.undo(1);
  });
  const view = await session.view();
  expect(asked).toHaveLength(1);
  expect(view.notices).toBeUndefined();
  expect(await summariesOf(session)).toEqual(["they said q1 a1 q2 a2 q3 a3"]);
  expect(textsOf(view.messages).slice(1)).toEqual(["q4", "a4", "q5"]);
});
