export { type CachedCounter, cachedCounter, isCachedCounter, type StoredTokens } from "./cached-counter.ts";
export {
  type CalibratedCounter,
  type CalibrationOptions,
  type CalibrationState,
  calibratedCounter,
  type UsageObservation,
} from "./calibrated-counter.ts";
export { customCounter } from "./custom-counter.ts";
export { estimateCounter } from "./estimate-counter.ts";
export {
  type GptCounterOptions,
  type GptEncoding,
  type GptEncodingModule,
  gptCounter,
} from "./gpt-counter.ts";
export { defaultImageTokens, imageTokens } from "./image-tokens.ts";
export { messageTokens, tokensPerMessage, tokensPerReply, tokensPerToolCall } from "./message-tokens.ts";
export { countRequest, countToolDefinitions, type ToolDefinition } from "./tool-definition-tokens.ts";
