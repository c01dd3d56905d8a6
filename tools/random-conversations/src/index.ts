export { conversation, strange } from "./conversation.ts";
