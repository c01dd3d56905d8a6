import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createManualClock, MemoryError } from "@relevo/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHttpEmbedder, type HttpEmbedderOptions } from "../src/index.ts";

interface Asked {
  readonly model: string;
  readonly input: readonly string[];
  readonly dimensions?: number;
}

type Behaviour = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

/** What the requests of one test meet, in their order, and what they were. A late one of another test has its own. */
interface Scene {
  readonly behaviours: Behaviour[];
  readonly asked: {
    readonly body: Asked;
    readonly at: number;
    readonly path: string | undefined;
    readonly headers: IncomingMessage["headers"];
  }[];
  inFlight: number;
  mostInFlight: number;
}

const scenes: Scene[] = [];
let behaviours: Behaviour[] = [];
let asked: Scene["asked"] = [];

/** Speaks the API, except where a scene has another behaviour for a request. */
const server = createServer((request, response) => {
  const scene = scenes[Number(request.url?.split("/")[1])];
  if (scene === undefined) throw new Error(`No test asks for ${request.url}.`);
  const chunks: Buffer[] = [];
  scene.inFlight++;
  scene.mostInFlight = Math.max(scene.mostInFlight, scene.inFlight);
  response.on("close", () => scene.inFlight--);
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
    scene.asked.push({ body, at: performance.now(), path: request.url, headers: request.headers });
    (scene.behaviours.shift() ?? answer)(body, response, request);
  });
});

const vectorOf = (text: string): number[] => [text.length, 1, 0.5];
const answerWith =
  (data: unknown): Behaviour =>
  (_asked, response) =>
    response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
const answer: Behaviour = (body, response, request) =>
  answerWith(body.input.map((text, index) => ({ index, embedding: vectorOf(text) })))(
    body,
    response,
    request,
  );
const status =
  (code: number, body = "", headers: Record<string, string> = {}): Behaviour =>
  (_asked, response) =>
    response.writeHead(code, headers).end(body);

let baseUrl = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  behaviours = [];
  asked = [];
  scenes.push({ behaviours, asked, inFlight: 0, mostInFlight: 0 });
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${scenes.length - 1}/v1`;
});

const embedderWith = (options: Partial<HttpEmbedderOptions> = {}) =>
  createHttpEmbedder({ baseUrl, model: "small", dimensions: 3, retryDelayMs: 1, ...options });
const embed = (texts: readonly string[], options: Partial<HttpEmbedderOptions> = {}) =>
  embedderWith(options).embed(texts);

describe("texts", () => {
  it("go in batches of 32 and come back in their order, whatever the order of the answers", async () => {
    const texts = Array.from({ length: 100 }, (_, n) => "x".repeat(n + 1));
    behaviours.push((body, response, request) => {
      const data = body.input.map((text, index) => ({ index, embedding: vectorOf(text) }));
      answerWith(data.reverse())(body, response, request);
    });
    expect(await embed(texts)).toEqual(texts.map(vectorOf));
    expect(asked.map(({ body }) => body.input.length).sort((a, b) => b - a)).toEqual([32, 32, 32, 4]);
    expect(await embed([])).toEqual([]);
    expect(asked).toHaveLength(4);
  });

  it("are sent with the model, the key, further headers, and dimensions where they are to be shortened", async () => {
    await embed(["a"], { apiKey: "secret", headers: { "x-team": "7" }, shorten: true });
    const [first] = asked;
    expect(first?.body).toEqual({ model: "small", input: ["a"], dimensions: 3 });
    expect(first?.headers).toMatchObject({ authorization: "Bearer secret", "x-team": "7" });
    await embed(["a"], { baseUrl: `${baseUrl}/?api-version=7` });
    expect(asked[1]?.body).toEqual({ model: "small", input: ["a"] });
    expect(asked.map(({ path }) => path?.replace(/^\/\d+/, ""))).toEqual([
      "/v1/embeddings",
      "/v1/embeddings?api-version=7",
    ]);
  });

  it("are sent in a form that servers take: not empty, not too long, no half of a pair", async () => {
    await embed(["", "x".repeat(50), "a\ud83d\ude00b"], { maxTextLength: 2 });
    expect(asked[0]?.body.input).toEqual([" ", "xx", "a\ufffd"]);
  });

  it("that are no texts are refused before anything is sent", async () => {
    for (const texts of [["a", 7], "abc", undefined, [undefined]] as never[])
      await expect(embed(texts)).rejects.toMatchObject({ code: "invalid-input" });
    expect(asked).toEqual([]);
  });
});

describe("a server that fails", () => {
  it.each<[string, Behaviour]>([
    ["429", status(429)],
    ["408", status(408)],
    ["500", status(500, "<html>")],
    ["503", status(503, '{"error":"loading"}')],
    ["a connection that breaks before the answer", (_asked, response) => response.destroy()],
    [
      "half a body",
      (_asked, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write('{"data":[', () => response.destroy());
      },
    ],
    ["a body that was cut and looks whole", status(200, '{"data":[{"index":0,"embedding":[1,')],
  ])("by %s is asked again", async (_, failure) => {
    behaviours.push(failure, failure);
    expect(await embed(["ab"])).toEqual([[2, 1, 0.5]]);
    expect(asked).toHaveLength(3);
  });

  it("for good is given up, with how often it was asked", async () => {
    behaviours.push(...Array.from({ length: 9 }, () => status(503, '{"error":{"message":"over\\nloaded"}}')));
    await expect(embed(["a"], { attempts: 3 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("503: over"),
      details: { status: 503, attempts: 3 },
    });
    expect(asked).toHaveLength(3);
  });

  it.each([
    [401, '{"error":{"message":"bad key"}}', "denied"],
    [403, "", "denied"],
    [404, '{"error":"model not found"}', "not-found"],
    [413, "", "too-large"],
    [400, '{"error":{"message":"too many tokens"}}', "invalid-input"],
    [422, "", "invalid-input"],
    [429, '{"error":{"code":"insufficient_quota","message":"no quota left"}}', "denied"],
  ])("by %s %s is not asked again", async (code, body, expected) => {
    behaviours.push(status(code, body));
    await expect(embed(["a"])).rejects.toMatchObject({ code: expected, details: { status: code } });
    expect(asked).toHaveLength(1);
  });

  it("that is not there is unavailable", async () => {
    const gone = embed(["a"], { baseUrl: "http://127.0.0.1:1/v1", attempts: 2 });
    await expect(gone).rejects.toMatchObject({ code: "unavailable", details: { attempts: 2 } });
  });

  it("is left alone for as long as it asks, by every call", async () => {
    behaviours.push(status(429, "", { "retry-after": "0.15" }));
    const embedder = embedderWith();
    await embedder.embed(["a"]);
    await embedder.embed(["b"]);
    const [first, ...others] = asked;
    for (const { at } of others) expect(at - (first?.at ?? 0)).toBeGreaterThan(140);
  });

  it("that asks for a long pause, also by a date, is not waited for", async () => {
    const clock = createManualClock(Date.parse("2026-01-01T00:00:00Z"));
    for (const after of ["3600", "Thu, 01 Jan 2026 01:00:00 GMT"]) {
      behaviours.push(status(429, "", { "retry-after": after }));
      await expect(embed(["a"], { clock })).rejects.toMatchObject({
        code: "unavailable",
        details: { retryAfterMs: 3_600_000 },
      });
    }
    expect(asked).toHaveLength(2);
  });

  it("that does not answer in time is a timeout", async () => {
    behaviours.push(...Array.from({ length: 2 }, (): Behaviour => () => undefined));
    await expect(embed(["a"], { timeoutMs: 20, attempts: 2 })).rejects.toMatchObject({
      code: "timeout",
      details: { attempts: 2 },
    });
  });
});

describe("an answer that is wrong", () => {
  it.each<[string, unknown, string]>([
    ["no data", undefined, "form"],
    ["data that is no list", {}, "form"],
    ["too few vectors", [], "count"],
    ["too many vectors", [{ embedding: [1, 1, 1] }, { embedding: [1, 1, 1] }], "count"],
    ["an index that no text has", [{ index: 4, embedding: [1, 1, 1] }], "form"],
    ["an index that is a name", [{ index: "length", embedding: [1, 1, 1] }], "form"],
    ["no vector", [{ index: 0 }], "form"],
    ["a vector as base64", [{ index: 0, embedding: "AACAPw==" }], "form"],
    ["other dimensions", [{ index: 0, embedding: [1, 1] }], "dimensions"],
    ["NaN, which JSON writes as null", [{ index: 0, embedding: [1, null, 1] }], "not-finite"],
    ["texts for numbers", [{ index: 0, embedding: [1, "1", 1] }], "not-finite"],
    ["a zero vector", [{ index: 0, embedding: [0, 0, 0] }], "zero"],
  ])("%s is refused, and not asked for again", async (_, data, reason) => {
    behaviours.push(answerWith(data));
    await expect(embed(["a"])).rejects.toMatchObject({
      code: "corrupt",
      details: { reason },
      message: expect.stringContaining("small"),
    });
    expect(asked).toHaveLength(1);
  });
});

describe("load", () => {
  it("is bounded: so many requests at once, over all calls", async () => {
    const held: (() => void)[] = [];
    const hold: Behaviour = (...request) => {
      held.push(() => answer(...request));
      // Released only when as many are waiting as may be.
      if (held.length === 2) for (const release of held.splice(0)) release();
    };
    behaviours.push(...Array.from({ length: 6 }, () => hold));
    const embedder = embedderWith({ concurrency: 2 });
    const texts = Array.from({ length: 96 }, () => "x");
    await Promise.all([embedder.embed(texts), embedder.embed(texts)]);
    expect(asked).toHaveLength(6);
    expect(scenes.at(-1)?.mostInFlight).toBe(2);
  });

  it("is spaced: so many requests a minute", async () => {
    const embedder = embedderWith({ requestsPerMinute: 1200 });
    const began = performance.now();
    await Promise.all(Array.from({ length: 4 }, () => embedder.embed(["x"])));
    expect((asked.at(-1)?.at ?? 0) - began).toBeGreaterThan(145);
  });

  it("ends with the first failure: what is under way is aborted, and no further batch is sent", async () => {
    const closed = Promise.withResolvers<void>();
    behaviours.push((_asked, response) => response.on("close", closed.resolve));
    behaviours.push(status(400));
    const texts = Array.from({ length: 320 }, () => "x");
    await expect(embed(texts, { concurrency: 2 })).rejects.toMatchObject({ code: "invalid-input" });
    await closed.promise;
    expect(asked).toHaveLength(2);
  });
});

describe("a signal", () => {
  it("ends a request, a pause and a place in the queue", async () => {
    const controllers = [0, 1, 2].map(() => new AbortController());
    behaviours.push(() => controllers[0]?.abort());
    const embedder = embedderWith({ concurrency: 1 });
    const [first, second, third] = controllers.map(({ signal }) => embedder.embed(["a"], { signal }));
    controllers[1]?.abort();
    await expect(second).rejects.toMatchObject({ code: "aborted" });
    await expect(first).rejects.toMatchObject({ code: "aborted" });
    // The place of those that gave up is free.
    expect(await third).toEqual([[1, 1, 0.5]]);
    const paused = new AbortController();
    behaviours.push((_asked, response) => {
      response.writeHead(429, { "retry-after": "30" }).end(() => setTimeout(() => paused.abort(), 20));
    });
    await expect(embedder.embed(["a"], { signal: paused.signal })).rejects.toMatchObject({ code: "aborted" });
    await expect(embedder.embed(["a"], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

it.each<[string, Partial<Record<keyof HttpEmbedderOptions, unknown>>]>([
  ["options.baseUrl", { baseUrl: "localhost:11434" }],
  ["options.baseUrl", { baseUrl: "ftp://example.com" }],
  ["options.baseUrl", { baseUrl: "" }],
  ["options.baseUrl", { baseUrl: undefined }],
  ["options.model", { model: "" }],
  ["options.dimensions", { dimensions: 0 }],
  ["options.dimensions", { dimensions: undefined }],
  ["options.concurrency", { concurrency: 0 }],
  ["options.requestsPerMinute", { requestsPerMinute: 0 }],
  ["options.timeoutMs", { timeoutMs: 0 }],
  ["options.attempts", { attempts: 1.5 }],
  ["options.maxTextLength", { maxTextLength: -1 }],
  ["options.apiKey", { apiKey: "" }],
  ["options", { apiKey: "a\nb" }],
  ["options", { headers: { "a b": "c" } }],
  ["options.apikey", { apikey: "x" } as never],
])("%s is checked when the embedder is made", (field, options) => {
  const made = (): unknown => embedderWith(options as never);
  expect(made).toThrow(expect.objectContaining({ code: "invalid-input" }));
  try {
    made();
  } catch (error) {
    expect(MemoryError.isInstance(error) && error.details.field).toBe(field);
  }
});
