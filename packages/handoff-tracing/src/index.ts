export type { ContextEntry, LogSnapshot } from "./context/log-snapshot.ts";
export {
  type ChosenMessage,
  type ContextChoice,
  type ContextFunction,
  type ContextPolicy,
  type ContextSource,
  custom,
  full,
  type HandoffFacts,
  last,
  none,
  view,
} from "./context/policies.ts";
export { createHandoffs, type Handoffs, type HandoffsOptions } from "./create-handoffs.ts";
export { type RenderChainOptions, renderChain } from "./draw/render-chain.ts";
export { type MermaidOptions, toMermaid } from "./draw/to-mermaid.ts";
export type {
  HandoffInput,
  HandoffParent,
  HandoffProblem,
  HandoffReceiver,
  HandoffRequest,
  SessionRequest,
} from "./handoff-types.ts";
export { type HandoffChain, type HandoffEntry, type HandoffState, readChain } from "./read/chain.ts";
export { graphOf, type HandoffEdge, type HandoffGraph, type HandoffNode } from "./read/graph.ts";
export { type RebuiltContext, rebuildContext } from "./read/rebuild-context.ts";
export type { RebuiltMessage } from "./read/rebuilt-message.ts";
export { HandoffNotRecorded, HandoffRejected } from "./record/handoff-errors.ts";
export type { HandoffObservation, HandoffObserver, ObservedStart } from "./record/observer.ts";
