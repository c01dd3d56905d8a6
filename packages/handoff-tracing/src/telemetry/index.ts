export { withConversation } from "./conversation.ts";
export type { ContentRedactor, ContentSource, TelemetryOptions } from "./telemetry-options.ts";
export { type TraceStoreOptions, traceStore } from "./trace-store.ts";
