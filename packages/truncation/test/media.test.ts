import type { JsonValue } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { describeDataUrls, describeMedia } from "../src/media/describe-media.ts";
import { customCounter } from "../src/tokens/index.ts";

const letters = customCounter("letters", (text) => text.length);
const data = "iVBORw0KGgo0".repeat(25_000);
const url = `data:image/png;base64,${data}`;

/** Everything that tools return images in. */
const images: readonly (readonly [string, JsonValue])[] = [
  ["a part of a message here", { type: "image", data, mediaType: "image/png" }],
  ["a part of a message here, elsewhere", { type: "image", url: "https://pictures.example/a.png" }],
  ["a part with a data URL", { type: "image", url: `data:image/png;base64,${data}` }],
  ["Anthropic", { type: "image", source: { type: "base64", media_type: "image/png", data } }],
  ["Anthropic, elsewhere", { type: "image", source: { type: "url", url: "https://pictures.example/a.png" } }],
  ["AI SDK 5", { type: "media", data, mediaType: "image/png" }],
  ["AI SDK 6", { type: "image-data", data, mediaType: "image/png" }],
  ["AI SDK, elsewhere", { type: "image-url", url: "https://pictures.example/a.png" }],
  ["MCP", { type: "image", data, mimeType: "image/png" }],
  [
    "MCP resource",
    { type: "resource", resource: { uri: "file:///a.png", mimeType: "image/png", blob: data } },
  ],
  ["OpenAI Chat", { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } }],
  ["OpenAI Responses", { type: "input_image", image_url: `data:image/png;base64,${data}` }],
  ["Gemini", { inlineData: { mimeType: "image/png", data } }],
  ["OpenAI Agents SDK", { type: "image", image: { data, mediaType: "image/png" } }],
  ["OpenAI Agents SDK, elsewhere", { type: "image", image: { url: "https://pictures.example/a.png" } }],
  ["OpenAI's image tool", { type: "image_generation_call", id: "ig_1", result: data }],
  ["Bedrock", { image: { format: "png", source: { bytes: data } } }],
  ["AI SDK, tagged", { type: "file", mediaType: "image/png", data: { type: "data", data } }],
  ["LangChain", { type: "image", source_type: "base64", mime_type: "image/png", data }],
];

function tokensOf(output: JsonValue): number {
  return letters.countMessage({
    role: "tool",
    content: [{ type: "tool-result", toolCallId: "c", output }],
  });
}

describe("an image in a result", () => {
  test.each(images)("%s costs what it does in a user's message", (_name, image) => {
    expect(tokensOf(image)).toBe(4 + 765);
    expect(tokensOf([image, image])).toBe(4 + 2 * 765 + '["",""]'.length);
    expect(tokensOf({ type: "content", value: [{ type: "text", text: "here" }, image] })).toBe(
      4 + 765 + '{"type":"content","value":[{"type":"text","text":"here"},""]}'.length,
    );
    expect(tokensOf({ content: [image], isError: false })).toBe(
      4 + 765 + '{"content":[""],"isError":false}'.length,
    );
  });

  test("costs the same in an item of a provider's own", () => {
    const item = { type: "computer_call_output", output: { type: "computer_screenshot", image_url: url } };
    const content = [{ type: "native", format: "openai-responses", item } as const];
    expect(letters.countMessage({ role: "user", content })).toBe(
      4 + 765 + '{"type":"computer_call_output","output":""}'.length,
    );
  });

  test("with its size costs by its size", () => {
    expect(tokensOf({ type: "image", data, mediaType: "image/png", width: 300, height: 200 })).toBe(4 + 255);
  });

  test("a file costs by its size too", () => {
    expect(tokensOf({ type: "file", data, mediaType: "application/pdf" })).toBe(4 + 3 * 1500);
    expect(
      tokensOf({ type: "document", source: { type: "base64", media_type: "application/pdf", data } }),
    ).toBe(4 + 3 * 1500);
    expect(tokensOf({ type: "audio", data, mimeType: "audio/wav" })).toBe(4 + 3 * 1500);
  });
});

describe("what a provider takes as text is counted as text", () => {
  test.each<[string, JsonValue]>([
    ["a string that is a data URL", `data:image/png;base64,${data}`],
    ["base64 in a field that means nothing", { screenshot: data }],
    ["a data URL in a field", { src: `data:image/png;base64,${data}` }],
    [
      "a text document",
      { type: "document", source: { type: "text", media_type: "text/plain", data: "Hi." } },
    ],
    [
      "a text resource",
      { type: "resource", resource: { uri: "file:///a", mimeType: "text/plain", text: "Hi." } },
    ],
    ["a file of a listing", { type: "file", name: "a.png", size: 3 }],
    ["an image that is only talked about", { type: "image", title: "A cat" }],
    ["an image that a tool made", { created: 1, data: [{ b64_json: data }] }],
    ["an image with a word beside it", { image: { source: { bytes: data } }, caption: "A cat" }],
    ["an object with a field called image", { image: { format: "png", bytes: data }, id: 1 }],
    ["null", null],
    ["nothing much", { type: 1, data: 2, source: [] }],
  ])("%s", (_name, output) => {
    const text = typeof output === "string" ? output : JSON.stringify(output);
    expect(tokensOf(output)).toBe(4 + text.length);
  });

  test("however deep it lies", () => {
    let deep: JsonValue = "bottom";
    for (let level = 0; level < 3_000; level++) deep = [deep];
    expect(tokensOf(deep)).toBe(4 + JSON.stringify(deep).length);
  });
});

describe("described media", () => {
  test.each(images)("%s is named and not quoted", (_name, image) => {
    expect(JSON.stringify(describeMedia({ content: [image] }))).toMatch(
      /^\{"content":\["\[image(\/png)?(, 225 kB)?\]"\]\}$/,
    );
  });

  test("data URLs and long base64 in texts are, and nothing else", () => {
    expect(describeMedia(`before data:image/png;base64,${data} behind`)).toBe(
      "before [image/png, 225 kB] behind",
    );
    expect(describeMedia({ screenshot: data })).toEqual({ screenshot: "[encoded data, 225 kB]" });
    const plain = { text: "data: see data:text/plain,hello and data:image/png;base64,short", n: 1 };
    expect(describeMedia(plain)).toBe(plain);
    expect(describeDataUrls(data)).toBe(data);
    expect(describeDataUrls(`data:;base64,${data}== and data:a/b;c=d;base64,${data}`)).toBe(
      "[data, 225 kB] and [a/b, 225 kB]",
    );
  });

  test("takes 16 MiB of anything", () => {
    const size = 16 * 1024 * 1024;
    for (const unit of [
      "a",
      "data:image/png;base64,",
      "data:",
      "data:a/b;c",
      "=",
      "a ",
      "data:a/b;base64,a",
    ]) {
      const text = unit.repeat(size / unit.length);
      expect(String(describeMedia(text)).length).toBeLessThanOrEqual(text.length);
    }
    expect(describeMedia("a".repeat(size))).toBe("[encoded data, 12583 kB]");
  });
});
