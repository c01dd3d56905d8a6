import { Embeddings } from "@langchain/core/embeddings";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ChatPromptTemplate, MessagesPlaceholder } from "@langchain/core/prompts";
import { RunnableLambda, RunnableWithMessageHistory } from "@langchain/core/runnables";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { MemoryError } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createHashingEmbedder, createRecall, createSearchIndex } from "@relevo/semantic";
import { createMemoryStore } from "@relevo/store-memory";
import { summarize, window } from "@relevo/truncation";
import { describe, expect, it } from "vitest";
import {
  createLangChainEmbedder,
  createLangChainSummarizer,
  RelevoChatMessageHistory,
  RelevoRetriever,
} from "../src/index.ts";

const failure = async (work: () => unknown): Promise<MemoryError> => {
  try {
    await work();
  } catch (error) {
    if (MemoryError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("It did not fail.");
};

/** Answers with what it was told. */
const echo = RunnableLambda.from(
  async (input: { messages: unknown } & { toChatMessages(): HumanMessage[] }) => {
    const messages = input.toChatMessages();
    return new AIMessage(`${messages.length}: ${messages.at(-1)?.text}`);
  },
);

describe("the history of a RunnableWithMessageHistory", () => {
  it("is that of the session, in the next run and in another process", async () => {
    await using memory = createMemory({ store: createMemoryStore() });
    const acme = memory.tenant("acme");
    const prompt = ChatPromptTemplate.fromMessages([
      ["system", "You sell shoes."],
      new MessagesPlaceholder("history"),
      ["human", "{question}"],
    ]);
    const chat = new RunnableWithMessageHistory({
      runnable: prompt.pipe(echo as never),
      getMessageHistory: (id) => new RelevoChatMessageHistory({ session: acme.session(id) }),
      inputMessagesKey: "question",
      historyMessagesKey: "history",
    });
    const ask = async (question: string, sessionId: string): Promise<string> =>
      ((await chat.invoke({ question }, { configurable: { sessionId } })) as AIMessage).text;
    expect(await ask("Hi", "a")).toBe("2: Hi");
    expect(await ask("Again", "a")).toBe("4: Again");
    expect(await ask("Hi", "b")).toBe("2: Hi");
    expect((await acme.session("a").messages()).map(({ role, content }) => [role, content])).toEqual([
      ["user", "Hi"],
      ["assistant", "2: Hi"],
      ["user", "Again"],
      ["assistant", "4: Again"],
    ]);
  });

  it("appends all or nothing, and nothing that it knows", async () => {
    await using memory = createMemory({ store: createMemoryStore() });
    const session = memory.tenant("acme").session("s");
    const history = new RelevoChatMessageHistory({ session });
    await history.addMessages([
      new HumanMessage({ content: "One", id: "m1" }),
      new AIMessage({ content: "Two", id: "m2" }),
    ]);
    await history.addMessages([...(await history.getMessages()), new HumanMessage("Three")]);
    expect((await history.getMessages()).map(({ text }) => text)).toEqual(["One", "Two", "Three"]);
    const broken = new HumanMessage({ content: "Five", additional_kwargs: { n: 1n } });
    expect((await failure(() => history.addMessages([new HumanMessage("Four"), broken]))).code).toBe(
      "invalid-input",
    );
    expect(await history.getMessages()).toHaveLength(3);
    await history.addUserMessage("Four");
    await history.addAIMessage("Five");
    expect((await session.messages()).at(-1)).toMatchObject({ role: "assistant", content: "Five" });
    await history.clear();
    expect(await history.getMessages()).toEqual([]);
    expect(await session.head()).toBeDefined();
  });

  it("appends again what was cleared, and not what it has read", async () => {
    const session = createMemory({ store: createMemoryStore() }).tenant("acme").session("s");
    const message = new HumanMessage({ content: "Hi", id: "m" });
    await new RelevoChatMessageHistory({ session }).addMessages([message]);
    const history = new RelevoChatMessageHistory({ session });
    await history.addMessages(await history.getMessages());
    expect(await session.messages()).toHaveLength(1);
    await history.clear();
    expect(await history.getMessages()).toEqual([]);
    await history.addMessages([message]);
    expect(await session.messages()).toHaveLength(1);
  });

  it("may be a view, which is what a model should be shown", async () => {
    await using memory = createMemory({ store: createMemoryStore(), view: window({ turns: 1, low: 1 }) });
    const session = memory.tenant("acme").session("s");
    const history = new RelevoChatMessageHistory({ session, view: true });
    for (const n of [1, 2, 3]) await history.addMessages([new HumanMessage(`Q${n}`), new AIMessage(`A${n}`)]);
    expect((await history.getMessages()).map(({ text }) => text)).toEqual(["Q3", "A3"]);
  });

  it("is refused without a session", async () => {
    const error = await failure(() => new RelevoChatMessageHistory({ session: "s" } as never));
    expect([error.code, error.details.field]).toEqual(["invalid-input", "options.session"]);
    const unknown = await failure(() => new RelevoChatMessageHistory({ sesion: 1 } as never));
    expect(unknown.message).toContain("Did you mean session?");
  });
});

class WordEmbeddings extends Embeddings {
  readonly asked: string[][] = [];
  async embedDocuments(texts: string[]): Promise<number[][]> {
    this.asked.push(texts);
    return (await createHashingEmbedder().embed(texts)).map((vector) => [...vector]);
  }
  async embedQuery(text: string): Promise<number[]> {
    return (await this.embedDocuments([text]))[0] ?? [];
  }
}

describe("models of LangChain", () => {
  it("embed for a recall", async () => {
    const embeddings = new WordEmbeddings({});
    const embedder = createLangChainEmbedder({ embeddings, model: "words", dimensions: 256 });
    await using store = createMemoryStore();
    const recall = createRecall({ store, index: createSearchIndex(), embedder });
    await createMemory({ store })
      .tenant("acme")
      .session("s")
      .append({ role: "user", content: "My dog is Canelo." });
    await recall.search("acme", { text: "dog" });
    expect(embeddings.asked.flat().join(" ")).toContain("Canelo");
    expect(await embedder.embed([])).toEqual([]);
    const aborted = AbortSignal.abort();
    expect((await failure(() => embedder.embed(["x"], { signal: aborted }))).code).toBe("aborted");
    for (const [given, field] of [
      [{ embeddings: {}, model: "m", dimensions: 2 }, "options.embeddings"],
      [{ embeddings, model: "", dimensions: 2 }, "options.model"],
      [{ embeddings, model: "m", dimensions: 0 }, "options.dimensions"],
    ] as const)
      expect((await failure(() => createLangChainEmbedder(given as never))).details.field).toBe(field);
  });

  it("summarize for a view", async () => {
    const summarizer = createLangChainSummarizer(
      new FakeListChatModel({ responses: ["Juan wants size 41."] }),
      {
        model: "fake",
      },
    );
    const view = summarize({ trigger: { messages: 6 }, keep: { messages: 2 }, summarizer });
    await using memory = createMemory({ store: createMemoryStore(), view });
    const session = memory.tenant("acme").session("s");
    for (let n = 1; n <= 8; n++)
      await session.append({ role: n % 2 ? "user" : "assistant", content: `Message ${n}` });
    expect(JSON.stringify((await session.view()).messages)).toContain("Juan wants size 41.");
    expect((await failure(() => createLangChainSummarizer({} as never))).details.field).toBe("chatModel");
  });
});

describe("the retriever", () => {
  it("returns what was said, with its place", async () => {
    await using store = createMemoryStore();
    const recall = createRecall({ store, index: createSearchIndex() });
    const acme = createMemory({ store, recall }).tenant("acme");
    await acme.session("s").append([
      { role: "user", content: "My dog is called Canelo." },
      { role: "user", content: "We live in Vigo." },
    ]);
    await acme.session("other").append({ role: "user", content: "My dog is called Toby." });
    const retriever = new RelevoRetriever({ tenant: acme, query: { limit: 1, sessions: ["s"] } });
    const [document, ...others] = await retriever.invoke("What is the dog called?");
    expect(others).toEqual([]);
    expect(document?.pageContent).toBe("My dog is called Canelo.");
    expect(document?.metadata).toMatchObject({
      source: { kind: "event", session: "s", seq: 1 },
      score: expect.any(Number),
    });
    expect(
      await new RelevoRetriever({ tenant: createMemory({ store, recall }).tenant("globex") }).invoke("dog"),
    ).toEqual([]);
  });

  it("says what is missing", async () => {
    const told: unknown[] = [];
    await new RelevoRetriever({
      tenant: { search: async () => ({ hits: [], missing: ["reranking"] }) },
      onError: (error) => told.push(error.message),
    }).invoke("dog");
    expect(told).toEqual([expect.stringContaining("without reranking")]);
    const acme = createMemory({ store: createMemoryStore() }).tenant("acme");
    expect((await failure(() => new RelevoRetriever({ tenant: acme }).invoke("dog"))).code).toBe(
      "unsupported",
    );
    expect(
      (await failure(() => new RelevoRetriever({ tenant: acme, query: { text: "x" } } as never))).details
        .field,
    ).toBe("options.query.text");
    expect((await failure(() => new RelevoRetriever({} as never))).details.field).toBe("options.tenant");
  });
});
