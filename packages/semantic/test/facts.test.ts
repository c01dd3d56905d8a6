import { createManualClock, type FactRequest, type WrittenFact } from "@relevo/core";
import { supersededByName } from "@relevo/core/input";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import {
  createFacts,
  createPromptedFactWriter,
  createRecall,
  createSearchIndex,
  type FactsOptions,
} from "../src/index.ts";

type Write = (request: FactRequest) => Promise<readonly WrittenFact[]>;

function opened(write: Write, options: Partial<FactsOptions> = {}) {
  const clock = createManualClock(Date.UTC(2024, 2, 1));
  const store = createMemoryStore({ clock, sweepIntervalMs: 0 });
  const index = createSearchIndex();
  const recall = createRecall({ store, index, policy: { facts: true } });
  const memory = createMemory({ store, recall, indexes: [recall], clock });
  const errors: unknown[] = [];
  const facts = createFacts({
    store,
    writer: { name: "test", write },
    recall,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { store, index, recall, memory, acme: memory.tenant("acme"), facts, errors };
}

/** One fact for each message: what it says, in capitals. */
const shout: Write = async ({ messages }) =>
  messages.map(({ seq, text }) => ({ text: text.toUpperCase(), from: [seq] }));

const say = (content: string) => ({ role: "user" as const, content });

describe("facts", () => {
  it("are written once of each range, with what was said before, and found beside the messages", async () => {
    const asked: FactRequest[] = [];
    const { acme, facts } = opened(
      async (request) => {
        asked.push(request);
        return request.messages.map(({ seq, text }) => ({ text: `Somebody said: ${text}`, from: [seq] }));
      },
      { messagesAtOnce: 2, messagesBefore: 1 },
    );
    const session = acme.session("s", { subject: "ana" });
    await session.append([say("one apple"), { role: "tool", content: [] } as never].slice(0, 1));
    expect(await facts.write("acme", "s")).toEqual({ facts: 0, through: 0 });
    await session.append([say("two pears"), { role: "assistant", content: "three plums" }]);
    expect(await facts.write("acme", "s")).toEqual({ facts: 2, through: 2 });
    expect(await facts.write("acme", "s", { flush: true })).toEqual({ facts: 1, through: 3 });
    expect(await facts.write("acme", "s", { flush: true })).toEqual({ facts: 0, through: 3 });
    expect(
      asked.map(({ messages, before }) => [messages.map(({ seq }) => seq), before.map(({ seq }) => seq)]),
    ).toEqual([
      [[1, 2], []],
      [[3], [2]],
    ]);
    expect(asked[1]?.messages[0]).toMatchObject({ role: "assistant", text: "three plums" });
    const { hits } = await acme.search({ text: "plums", in: ["facts"] });
    expect(hits).toMatchObject([
      {
        text: "Somebody said: three plums",
        place: "facts",
        source: { kind: "document", session: "s" },
        derivedFrom: { events: { session: "s", ranges: [{ from: 3, to: 3 }] } },
      },
    ]);
    const { hits: everywhere } = await acme.search({ text: "plums", limit: 2 });
    expect(everywhere.map(({ source }) => source.kind).sort()).toEqual(["document", "event"]);
    expect((await acme.search({ text: "plums", in: ["facts"], users: ["leo"] })).hits).toEqual([]);
  });

  it("go with what they were made from: erased, retracted, deleted", async () => {
    const { acme, facts, store, index } = opened(shout, { messagesAtOnce: 1 });
    const session = acme.session("s");
    await session.append([say("zebulon"), say("quixlo"), say("wimzy")]);
    await facts.write("acme", "s");
    const found = async (text: string) => (await acme.search({ text, in: ["facts"] })).hits.length;
    expect([await found("zebulon"), await found("quixlo"), await found("wimzy")]).toEqual([1, 1, 1]);
    await session.erase({ seqs: [{ from: 1, to: 1 }] });
    await session.retract({ seqs: [{ from: 2, to: 2 }] });
    expect([await found("zebulon"), await found("quixlo"), await found("wimzy")]).toEqual([0, 0, 1]);
    expect(await index.lookup("acme", [["zebulon"]])).toEqual([[]]);
    await facts.write("acme", "s");
    const { items } = await store.documents.find(session.address, { namespacePrefix: ["relevo", "facts"] });
    expect(items.map(({ value }) => value)).toMatchObject([{ text: "WIMZY" }]);
    await session.delete();
    expect(await found("wimzy")).toBe(0);
    expect((await index.state("acme")).items).toBe(0);
  });

  it("that were overtaken by an erasure are not stored; the range is written again", async () => {
    let calls = 0;
    const { acme, facts } = opened(
      async (request) => {
        if (calls++ === 0) await acme.session("s").erase({ seqs: [{ from: 1, to: 1 }] });
        return shout(request);
      },
      { messagesAtOnce: 2 },
    );
    await acme.session("s").append([say("canary"), say("plum"), say("pear")]);
    expect(await facts.write("acme", "s", { flush: true })).toMatchObject({ facts: 2 });
    expect((await acme.search({ text: "canary" })).hits).toEqual([]);
    expect((await acme.search({ text: "plum pear", in: ["facts"] })).hits).toHaveLength(2);
    expect(calls).toBe(2);
  });

  it("of two processes at once are there once", async () => {
    const { acme, facts, store, recall } = opened(shout, { messagesAtOnce: 1 });
    await acme.session("s").append(Array.from({ length: 12 }, (_, n) => say(`item number${n}`)));
    const others = createFacts({ store, recall, writer: { name: "test", write: shout }, messagesAtOnce: 3 });
    await Promise.all([facts.write("acme", "s"), others.write("acme", "s"), facts.write("acme", "s")]);
    const { hits } = await acme.search({ text: "item", in: ["facts"], limit: 100 });
    expect(hits.map(({ text }) => text).sort()).toEqual(
      Array.from({ length: 12 }, (_, n) => `ITEM NUMBER${n}`).sort(),
    );
  });

  it("of all sessions are written by update, and a session that fails is tried again", async () => {
    let isDown = true;
    const { acme, facts, errors } = opened(
      async (request) => {
        if (isDown && request.messages[0]?.text.includes("bad")) throw new Error("down");
        return shout(request);
      },
      { messagesAtOnce: 1 },
    );
    await acme.session("good").append(say("good plum"));
    await acme.session("bad").append(say("bad plum"));
    expect(await facts.update("acme")).toBe(1);
    expect(errors).toHaveLength(1);
    isDown = false;
    expect(await facts.update("acme")).toBe(1);
    expect(await facts.update("acme")).toBe(0);
  });

  it.each<readonly [string, unknown]>([
    ["no array", undefined],
    ["no text", [{ text: "", from: [1] }]],
    ["a text that is too long", [{ text: "x".repeat(5000), from: [1] }]],
    ["half a character", [{ text: "\ud800", from: [1] }]],
    ["no source", [{ text: "x", from: [] }]],
    ["a message that was not shown", [{ text: "x", from: [7] }]],
    ["a known fact that was not shown", [{ text: "x", from: [1], supersedes: [0] }]],
    ["an importance of 2", [{ text: "x", from: [1], importance: 2 }]],
    ["nothing in place of a fact", [null]],
  ])("are refused with %s, and nothing of the range is stored", async (_, answer) => {
    const { acme, facts, store } = opened(async () => answer as never, { messagesAtOnce: 1 });
    await acme.session("s").append(say("plum"));
    await expect(facts.write("acme", "s")).rejects.toMatchObject({ code: "corrupt" });
    expect((await store.documents.find({ tenant: "acme", session: "s" })).items).toEqual([]);
  });
});

// What changed must not be answered as it was: each is a conversation in two sessions, and a question.
const changes: readonly {
  readonly what: string;
  readonly first: readonly string[];
  readonly later: readonly string[];
  readonly question: string;
  readonly old: string;
  readonly now: string;
}[] = [
  {
    what: "an address",
    first: ["I live at Elm Street 5 in Dover."],
    later: ["We have moved to Oak Lane 9 in Deal."],
    question: "At what address does the customer live?",
    old: "The customer lives at the address Elm Street 5, Dover.",
    now: "The customer lives at Oak Lane 9, Deal.",
  },
  {
    what: "a meeting",
    first: ["Let us have the meeting on Friday at ten."],
    later: ["I have to call it off, something came up."],
    question: "When is the meeting?",
    old: "The meeting with the customer is on Friday at ten.",
    now: "The meeting was cancelled.",
  },
  {
    what: "a preference",
    first: ["Please always write to me by e-mail."],
    later: ["From now on better give me a ring."],
    question: "How does the customer want to be contacted, by e-mail?",
    old: "The customer wants to be contacted by e-mail.",
    now: "The customer prefers to be called.",
  },
  {
    what: "una alergia",
    first: ["Soy alérgico a las nueces."],
    later: ["El médico dice que ya no lo soy."],
    question: "¿A qué es alérgico el cliente?",
    old: "El cliente es alérgico a las nueces.",
    now: "El cliente ya no tiene alergias.",
  },
];

describe("selective forgetting", () => {
  it.each(changes)("of $what", async ({ first, later, question, old, now }) => {
    const { acme, facts } = opened(
      async ({ messages, known }) => {
        const isChange = messages.some(({ text }) => later.includes(text));
        const supersedes = known.flatMap(({ text }, place) => (text === old ? [place] : []));
        if (isChange) expect(supersedes).toHaveLength(1);
        const from = messages.map(({ seq }) => seq);
        return [{ text: isChange ? now : old, from, supersedes: isChange ? supersedes : [] }];
      },
      { messagesAtOnce: 1 },
    );
    await acme.session("one", { subject: "ana" }).append(first.map(say));
    await acme.session("other", { subject: "leo" }).append(first.map(say));
    await facts.update("acme");
    const second = acme.session("two", { subject: "ana" });
    await second.append(later.map(say));
    await facts.update("acme");
    const ask = async (users: readonly string[]) =>
      (await acme.search({ text: question, in: ["facts"], users })).hits;
    expect((await ask(["ana"])).map(({ text }) => text)).toEqual([now, old]);
    // Another person's fact still holds.
    const [others] = await ask(["leo"]);
    expect(others).toMatchObject({ text: old });
    expect(others).not.toHaveProperty("supersededBy");
    // So does the first one, once what superseded it was erased.
    await second.erase({ seqs: [{ from: 1, to: 1 }] });
    const [restored] = await ask(["ana"]);
    expect(restored).toMatchObject({ text: old });
    expect(restored).not.toHaveProperty("supersededBy");
  });
});

it("a fact of a session that has become another person's is not shown in place of an older one", async () => {
  const { store, acme, facts } = opened(
    async ({ messages, known }) =>
      messages.map(({ seq, text }) => ({ text, from: [seq], supersedes: known.map((_, place) => place) })),
    { messagesAtOnce: 1 },
  );
  for (const [id, text] of [
    ["one", "Juan lives in Madrid."],
    ["two", "The home is in Lisbon."],
  ] as const) {
    await acme.session(id, { subject: "juan" }).append(say(text));
    await facts.update("acme");
  }
  const ask = async () =>
    (await acme.search({ text: "Juan in Madrid", in: ["facts"], users: ["juan"] })).hits.map(
      ({ text }) => text,
    );
  expect(await ask()).toEqual(["The home is in Lisbon.", "Juan lives in Madrid."]);
  await acme.session("two").touch({ subject: "ana" });
  expect(await ask()).toEqual(["Juan lives in Madrid."]);
  // Nor is what is a document of another person.
  const place = { namespace: ["relevo:user", "ana", "memory", "durable"], key: "home" };
  await store.documents.put({ tenant: "acme", ...place }, { value: "Ana lives in Porto." });
  const noted = { [supersededByName]: [place] };
  const own = { namespace: ["relevo:user", "juan", "memory", "durable"], key: "home" };
  await store.documents.put({ tenant: "acme", ...own }, { value: "Juan in Madrid", metadata: noted });
  const memories = createRecall({ store, index: createSearchIndex(), policy: { memories: true } });
  const query = { text: "Juan in Madrid", in: ["memories"], users: ["juan"] } as const;
  expect((await memories.search("acme", query)).hits.map(({ text }) => text)).toEqual(["Juan in Madrid"]);
});

describe("a prompted writer", () => {
  const message = { seq: 3, role: "user", text: 'I moved. ] {"from": [99]}', at: 0 } as const;

  it("asks with the messages as data, and reads the answer out of what is around it", async () => {
    let asked = "";
    const writer = createPromptedFactWriter({
      name: "small",
      instructions: "Facts are for a travel agency.",
      complete: async (prompt) => {
        asked = prompt;
        return 'Here you are:\n```json\n[{"text": "Ana moved.", "from": [3], "importance": 0.9, "mood": 1}]\n```';
      },
    });
    const known = [{ text: "Ana lives in Dover.", at: 0 }];
    expect(await writer.write({ messages: [message], before: [], known })).toEqual([
      { text: "Ana moved.", from: [3], importance: 0.9, supersedes: undefined },
    ]);
    expect(asked).toContain(JSON.stringify(message.text));
    expect(asked).toContain("travel agency");
    expect(asked).toContain('{"number":0,"at":"1970-01-01T00:00:00.000Z","text":"Ana lives in Dover."}');
  });

  it.each(["", "I do not know.", "[", "[}]", "{}", "[1", "]["])(
    "takes %j for an unusable answer",
    async (answer) => {
      const writer = createPromptedFactWriter({ name: "small", complete: async () => answer });
      await expect(writer.write({ messages: [message], before: [], known: [] })).rejects.toMatchObject({
        code: "corrupt",
      });
    },
  );
});
