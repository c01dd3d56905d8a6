import type { ImportFormat } from "../../src/index.ts";

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";

/** One conversation about the weather and a picture, as each format stores it, with what is special to the format. */
export const histories: { readonly [Format in ImportFormat]: readonly unknown[] } = {
  "openai-chat": [
    { role: "developer", content: "You answer in one sentence." },
    {
      role: "user",
      name: "ane",
      content: [
        { type: "text", text: "What is this, and how warm is it in Bilbao?" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}`, detail: "auto" } },
        { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
        { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
      ],
      created_at: "2025-03-01 10:00:00.25+00",
    },
    {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1_740_823_201,
      model: "gpt-4o",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: null,
            refusal: null,
            annotations: [],
            tool_calls: [
              {
                id: "call_1",
                type: "function",
                function: { name: "weather", arguments: '{"city":"Bilbao","station":12345678901234567890}' },
              },
              { id: "call_2", type: "custom", custom: { name: "look", input: "the picture" } },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 90, completion_tokens: 20, total_tokens: 110 },
    },
    { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "12 degrees" }] },
    { role: "tool", tool_call_id: "call_2", content: "a pixel" },
    { role: "assistant", content: "It is a pixel, and 12 degrees warm.", name: "meteorologist" },
    { role: "user", content: "And in Bergen?" },
    { role: "assistant", content: "", function_call: { name: "weather", arguments: '{"city":"Bergen"}' } },
    { role: "function", name: "weather", content: "3 degrees" },
    { role: "assistant", content: [{ type: "refusal", refusal: "I would rather not say." }] },
  ],
  "openai-responses": [
    { role: "user", content: "How warm is it in Bilbao?" },
    {
      id: "resp_1",
      object: "response",
      created_at: 1_740_823_201,
      model: "o4-mini",
      status: "completed",
      tools: [{ type: "function", name: "weather" }],
      temperature: 1,
      usage: { input_tokens: 40, output_tokens: 60 },
      output: [
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "A lookup is needed." }] },
        {
          type: "function_call",
          id: "fc_1",
          call_id: "call_1",
          name: "weather",
          arguments: '{"city":"Bilbao"}',
          status: "completed",
        },
        {
          type: "custom_tool_call",
          id: "ctc_1",
          call_id: "call_2",
          name: "grep",
          input: "bilbao *.csv",
        },
      ],
    },
    { type: "function_call_output", call_id: "call_1", output: "12 degrees" },
    {
      type: "custom_tool_call_output",
      call_id: "call_2",
      output: [{ type: "input_text", text: "nothing" }],
    },
    { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "gAAAA" },
    {
      type: "message",
      id: "msg_1",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "12 degrees.", annotations: [], logprobs: [] }],
    },
    {
      role: "user",
      content: [
        { type: "input_text", text: "What is new there?" },
        { type: "input_image", image_url: "https://example.com/map.png", detail: "high" },
        { type: "input_file", file_id: "file_1" },
      ],
    },
    { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "Bilbao" } },
    {
      type: "message",
      id: "msg_2",
      role: "assistant",
      status: "completed",
      content: [
        {
          type: "output_text",
          text: "A bridge.",
          annotations: [{ type: "url_citation", url: "https://example.com", start_index: 0, end_index: 8 }],
        },
      ],
    },
  ],
  anthropic: [
    {
      role: "user",
      content: [
        { type: "text", text: "Read this and say how warm it is.", cache_control: { type: "ephemeral" } },
        { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
        { type: "document", source: { type: "url", url: "https://example.com/a.pdf" }, title: "Report" },
        { type: "document", source: { type: "text", media_type: "text/plain", data: "It rains." } },
      ],
    },
    {
      id: "msg_01",
      type: "message",
      role: "assistant",
      model: "claude-sonnet-4-5",
      stop_reason: "tool_use",
      stop_sequence: null,
      usage: { input_tokens: 400, output_tokens: 60 },
      content: [
        { type: "thinking", thinking: "Two lookups.", signature: "EqQB" },
        { type: "redacted_thinking", data: "EmwK" },
        { type: "text", text: "Let me see." },
        { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bilbao" } },
        { type: "tool_use", id: "toolu_2", name: "clock", input: {} },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "12 degrees" }] },
        { type: "tool_result", tool_use_id: "toolu_2", content: "no clock", is_error: true },
        { type: "text", text: "In Celsius, please." },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "Bilbao" } },
        { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
        { type: "text", text: "12 degrees Celsius." },
      ],
    },
  ],
  gemini: [
    {
      role: "user",
      parts: [
        { text: "How warm is it, and what is this?" },
        { inlineData: { mimeType: "image/png", data: pixel, displayName: "pixel.png" } },
        { fileData: { mimeType: "application/pdf", fileUri: "https://example.com/files/a" } },
      ],
    },
    {
      candidates: [
        {
          index: 0,
          finishReason: "STOP",
          content: {
            role: "model",
            parts: [
              { text: "Two cities.", thought: true },
              {
                functionCall: { name: "weather", args: { city: "Bilbao" } },
                thoughtSignature: "CpQB",
              },
              { functionCall: { name: "weather", args: { city: "Bergen" } } },
            ],
          },
        },
      ],
      createTime: "2025-03-01T10:00:01Z",
      modelVersion: "gemini-3-pro",
      responseId: "r_1",
    },
    {
      role: "user",
      parts: [
        { functionResponse: { name: "weather", response: { output: "12 degrees" } } },
        { functionResponse: { name: "weather", response: { error: "no station" } } },
        { text: "Well?" },
      ],
    },
    {
      role: "model",
      parts: [
        { executableCode: { language: "PYTHON", code: "print(12)" } },
        { codeExecutionResult: { outcome: "OUTCOME_OK", output: "12" } },
        { text: "12 degrees, and a pixel.", thoughtSignature: "AbC" },
      ],
    },
  ],
  langchain: [
    { type: "system", data: { content: "You answer in one sentence.", additional_kwargs: {} } },
    {
      type: "human",
      data: {
        id: "human-1",
        content: [
          { type: "text", text: "What is this, and how warm is it?" },
          { type: "image_url", image_url: `data:image/png;base64,${pixel}` },
        ],
        additional_kwargs: { timestamp: "2025-03-01T10:00:00+01:00" },
        response_metadata: {},
      },
    },
    {
      type: "ai",
      data: {
        id: "run-1",
        name: "meteorologist",
        content: [
          { type: "thinking", thinking: "A lookup.", signature: "EqQB" },
          { type: "text", text: "Let me see." },
          { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bilbao" } },
        ],
        tool_calls: [{ type: "tool_call", id: "toolu_1", name: "weather", args: { city: "Bilbao" } }],
        invalid_tool_calls: [{ id: "toolu_2", name: "clock", args: '{"zone":', error: "Malformed args." }],
        usage_metadata: { input_tokens: 10, output_tokens: 20, total_tokens: 30 },
        additional_kwargs: {
          tool_calls: [
            {
              id: "toolu_1",
              type: "function",
              function: { name: "weather", arguments: '{"city":"Bilbao"}' },
            },
          ],
        },
        response_metadata: { model: "claude-sonnet-4-5" },
      },
    },
    {
      type: "tool",
      data: { content: "12 degrees", tool_call_id: "toolu_1", name: "weather", artifact: { station: 7 } },
    },
    { type: "tool", data: { content: "Malformed args.", tool_call_id: "toolu_2", status: "error" } },
    {
      lc: 1,
      type: "constructor",
      id: ["langchain_core", "messages", "AIMessageChunk"],
      kwargs: {
        content: [
          { type: "reasoning", reasoning: "One more.", index: 0 },
          { type: "server_tool_call", id: "srv_1", name: "web_search", args: { query: "Bilbao" } },
          { type: "server_tool_call_result", toolCallId: "srv_1", status: "success", output: { hits: 1 } },
          {
            type: "text",
            text: "Let me ask again.",
            annotations: [{ type: "citation", url: "https://a.b" }],
          },
          { type: "tool_call", id: "call_3", name: "weather", args: { city: "Bergen" } },
          { type: "non_standard", value: { type: "citations", sources: [] } },
        ],
        tool_calls: [{ type: "tool_call", id: "call_3", name: "weather", args: { city: "Bergen" } }],
        response_metadata: { output_version: "v1" },
      },
    },
    {
      type: "tool",
      content: [{ type: "text", text: "3 degrees" }],
      tool_call_id: "call_3",
      additional_kwargs: {},
      response_metadata: {},
    },
    {
      type: "ai",
      data: {
        content: "",
        additional_kwargs: {
          reasoning_content: "The old form.",
          tool_calls: [
            { id: "call_4", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
          ],
        },
      },
    },
    { type: "tool", data: { content: "1 degree", tool_call_id: "call_4" } },
    { type: "remove", data: { id: "human-1", content: "" } },
    { type: "ai", text: "12 degrees, and a pixel.", role: undefined },
  ],
  "ai-sdk-ui": [
    {
      id: "u1",
      role: "user",
      createdAt: new Date("2025-03-01T10:00:00Z"),
      parts: [
        { type: "text", text: "What is this, and how warm is it?" },
        {
          type: "file",
          mediaType: "image/png",
          filename: "pixel.png",
          url: `data:image/png;base64,${pixel}`,
        },
        { type: "data-place", data: { lat: 43.3 } },
      ],
    },
    {
      id: "a1",
      role: "assistant",
      metadata: { createdAt: 1_740_823_201_000, model: "gpt-5" },
      parts: [
        { type: "step-start" },
        {
          type: "reasoning",
          text: "A lookup.",
          state: "done",
          providerMetadata: { openai: { itemId: "rs_1" } },
        },
        {
          type: "tool-weather",
          toolCallId: "call_1",
          state: "output-available",
          input: { city: "Bilbao" },
          output: { celsius: 12 },
          callProviderMetadata: { openai: { itemId: "fc_1" } },
        },
        {
          type: "dynamic-tool",
          toolName: "clock",
          toolCallId: "call_2",
          state: "output-error",
          input: {},
          errorText: "no clock",
        },
        {
          type: "tool-delete",
          toolCallId: "call_3",
          state: "output-denied",
          input: { all: true },
          approval: { id: "ap_1", approved: false, reason: "too much" },
        },
        { type: "step-start" },
        {
          type: "tool-web_search",
          toolCallId: "srv_1",
          state: "output-available",
          providerExecuted: true,
          input: { query: "Bilbao" },
          output: [],
        },
        { type: "source-url", sourceId: "s1", url: "https://example.com" },
        {
          type: "text",
          text: "12 degrees.",
          state: "done",
          providerMetadata: { openai: { itemId: "msg_1" } },
        },
        { type: "steering-message", id: "u2", parts: [{ type: "text", text: "In Kelvin!" }] },
        { type: "text", text: "285 Kelvin.", state: "done" },
      ],
    },
    {
      id: "",
      role: "assistant",
      content: "Of version 4.",
      toolInvocations: [
        {
          state: "result",
          step: 0,
          toolCallId: "call_4",
          toolName: "weather",
          args: { city: "Oslo" },
          result: 1,
        },
      ],
      revisionId: "r1",
    },
  ],
};
