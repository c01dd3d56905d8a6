export { continueTrace, sourceOf, traceCarrier } from "./carrier.ts";
export { withConversation } from "./conversation.ts";
export { currentSource, type WorkSource, withSources } from "./links.ts";
export { readSessionSpans } from "./read-session-spans.ts";
export { type RenderTraceOptions, renderTrace } from "./render-trace.ts";
export type { HandoffConventionOptions } from "./semconv.ts";
export {
  createSessionSpanExporter,
  type SessionSpanExporter,
  type SessionSpanExporterOptions,
} from "./session-span-exporter.ts";
export { type FinishedSpan, type StoredSpan, storedSpan } from "./stored-span.ts";
export type { ContentRedactor, ContentSource, TelemetryOptions } from "./telemetry-options.ts";
export { type TraceHandoffsOptions, traceHandoffs } from "./trace-handoffs.ts";
export { type TraceInternalsOptions, traceInternals } from "./trace-internals.ts";
export { traceMemory } from "./trace-memory.ts";
export { traceRecall } from "./trace-recall.ts";
export {
  type AgentInfo,
  type ToolInfo,
  traceAgent,
  traceTool,
  traceWorkflow,
  type WorkflowInfo,
} from "./trace-steps.ts";
export { type TraceStoreOptions, traceStore } from "./trace-store.ts";
