/**
 * Names of the GenAI semantic conventions (github.com/open-telemetry/semantic-conventions-genai), all of which are in
 * development there. Written out because the package of the conventions is not published as stable.
 */
export const genAi = {
  operationName: "gen_ai.operation.name",
  conversationId: "gen_ai.conversation.id",
  conversationCompacted: "gen_ai.conversation.compacted",
  memoryStoreId: "gen_ai.memory.store.id",
  memoryRecordId: "gen_ai.memory.record.id",
  memoryRecordCount: "gen_ai.memory.record.count",
  memoryQueryText: "gen_ai.memory.query.text",
  memoryRecords: "gen_ai.memory.records",
  providerName: "gen_ai.provider.name",
  agentName: "gen_ai.agent.name",
  agentId: "gen_ai.agent.id",
  agentDescription: "gen_ai.agent.description",
  agentVersion: "gen_ai.agent.version",
  workflowName: "gen_ai.workflow.name",
  toolName: "gen_ai.tool.name",
  toolCallId: "gen_ai.tool.call.id",
  toolType: "gen_ai.tool.type",
  toolDescription: "gen_ai.tool.description",
  toolCallArguments: "gen_ai.tool.call.arguments",
  toolCallResult: "gen_ai.tool.call.result",
} as const;

/** Of a proposal that is not merged; recorded with `semconv: "experimental-handoffs"` alone. */
export const transfer = {
  mode: "gen_ai.transfer.mode",
  targetName: "gen_ai.transfer.target.name",
} as const;

/** The name of the event on a span when something inside is tried again; of ours. */
export const retryEvent = "relevo.retry";
export const errorType = "error.type";
export const serverAddress = "server.address";
export const serverPort = "server.port";

/** The operations on memory that the conventions name; a span that is one of them is named after it. */
export type MemoryOperationName =
  | "create_memory"
  | "search_memory"
  | "update_memory"
  | "upsert_memory"
  | "delete_memory"
  | "create_memory_store"
  | "delete_memory_store";
