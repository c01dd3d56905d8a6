export {
  type AgentHandoffs,
  createAgentHandoffs,
  type HandoffToolOptions,
  type ReceivedHandoff,
} from "./agent-handoffs.ts";
export type {
  AgentContextOptions,
  AgentRecallOptions,
  AgentRunFacts,
  AgentSession,
  RelevoMemoryOptions,
} from "./agent-options.ts";
export { relevoMemory } from "./relevo-memory.ts";
