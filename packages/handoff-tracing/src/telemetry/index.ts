export { withConversation } from "./conversation.ts";
export { currentSource, type WorkSource, withSources } from "./links.ts";
export type { HandoffConventionOptions } from "./semconv.ts";
export type { ContentRedactor, ContentSource, TelemetryOptions } from "./telemetry-options.ts";
export { type TraceHandoffsOptions, traceHandoffs } from "./trace-handoffs.ts";
export { traceMemory } from "./trace-memory.ts";
export {
  type AgentInfo,
  type ToolInfo,
  traceAgent,
  traceTool,
  traceWorkflow,
  type WorkflowInfo,
} from "./trace-steps.ts";
export { type TraceStoreOptions, traceStore } from "./trace-store.ts";
