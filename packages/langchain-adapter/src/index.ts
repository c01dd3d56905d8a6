export { type ChatMessageHistoryOptions, RelevoChatMessageHistory } from "./chat-message-history.ts";
export { type ImportChatHistoryOptions, importChatHistory } from "./import-chat-history.ts";
export { fromLangChain, toLangChain } from "./messages/convert-messages.ts";
export {
  createLangChainEmbedder,
  createLangChainSummarizer,
  type LangChainEmbedderOptions,
  type LangChainSummarizerOptions,
} from "./models.ts";
export {
  RelevoRetriever,
  type RetrievedMetadata,
  type RetrieverOptions,
  type RetrieverQuery,
} from "./retriever.ts";
