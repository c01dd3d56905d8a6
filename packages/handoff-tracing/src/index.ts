export type {
  ChosenMessage,
  ContextChoice,
  ContextFunction,
  ContextPolicy,
  ContextSource,
  HandoffFacts,
  PolicyChoice,
  PolicyOptions,
} from "./context/context-policy.ts";
export type { ContextEntry, LogSnapshot } from "./context/log-snapshot.ts";
export { custom, full, last, none, policies, view } from "./context/policies.ts";
export { type SummaryPolicyOptions, summary } from "./context/summary.ts";
export { createHandoffs, type HandoffsOptions } from "./create-handoffs.ts";
export { type RenderChainOptions, renderChain } from "./draw/render-chain.ts";
export { type DotOptions, toDot } from "./draw/to-dot.ts";
export { type MermaidOptions, toMermaid } from "./draw/to-mermaid.ts";
export type {
  HandoffData,
  HandoffInput,
  HandoffParent,
  HandoffProblem,
  HandoffReceiver,
  HandoffRequest,
  SessionRequest,
  StartedHandoff,
  StartRequest,
} from "./handoff-types.ts";
export type { Handoffs, SessionHandoffs } from "./handoffs.ts";
export { type HandoffChain, type HandoffEntry, type HandoffState, readChain } from "./read/chain.ts";
export type { Durations } from "./read/durations.ts";
export {
  type GraphEntry,
  graphOf,
  type HandoffEdge,
  type HandoffGraph,
  type HandoffLoop,
  type HandoffNode,
  type HandoffPath,
  type HandoffTotals,
} from "./read/graph.ts";
export type { GraphOptions } from "./read/read-graph.ts";
export { type RebuiltContext, rebuildContext } from "./read/rebuild-context.ts";
export type { RebuiltMessage } from "./read/rebuilt-message.ts";
export type {
  AbandonedHandoff,
  AbandonOptions,
  UpkeepOptions,
  UpkeepResult,
} from "./record/abandon-stale.ts";
export {
  HandoffNotRecorded,
  type HandoffRefusal,
  HandoffRefused,
  HandoffRejected,
} from "./record/handoff-errors.ts";
export type { HandoffCallbacks, HandoffNotice } from "./record/notify.ts";
export type { HandoffObservation, HandoffObserver, ObservedEnd, ObservedStart } from "./record/observer.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./run/standard-schema.ts";
