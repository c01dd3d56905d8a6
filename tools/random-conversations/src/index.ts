export { conversation, strange } from "./conversation.ts";
export {
  approvalRequest,
  approvalResponse,
  assistant,
  by,
  call,
  entriesOf,
  native,
  providerCall,
  providerResult,
  reasoning,
  result,
  signed,
  system,
  tool,
  user,
} from "./messages.ts";
