export { type HandoffChain, type HandoffEntry, type HandoffState, readChain } from "./chain.ts";
export { createHandoffs, type Handoffs, type HandoffsOptions } from "./create-handoffs.ts";
export { graphOf, type HandoffEdge, type HandoffGraph, type HandoffNode } from "./graph.ts";
export { HandoffNotRecorded, HandoffRejected } from "./handoff-errors.ts";
export type {
  HandoffInput,
  HandoffParent,
  HandoffProblem,
  HandoffReceiver,
  HandoffRequest,
  SessionRequest,
} from "./handoff-types.ts";
export type { ContextEntry, LogSnapshot } from "./log-snapshot.ts";
export type { HandoffObservation, HandoffObserver, ObservedStart } from "./observer.ts";
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
} from "./policies.ts";
export { type RebuiltContext, rebuildContext } from "./rebuild-context.ts";
export type { RebuiltMessage } from "./rebuilt-message.ts";
export { type RenderChainOptions, renderChain } from "./render-chain.ts";
export { type MermaidOptions, toMermaid } from "./to-mermaid.ts";
