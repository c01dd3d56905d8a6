export type {
  AgentRecallOptions,
  AgentRunFacts,
  AgentSession,
  RelevoMemoryOptions,
} from "./agent-options.ts";
export { relevoMemory } from "./relevo-memory.ts";
