export {
  type ArrangeOptions,
  arrangeGroups,
  arrangementRules,
  continuation,
  openerBefore,
  prompting,
} from "./arrange/arrange-groups.ts";
export { assertValid } from "./arrange/assert-valid.ts";
export { type AnswerOpenCall, missingResult, type OpenCall } from "./groups/draft-messages.ts";
export type { Entry } from "./groups/entry.ts";
export {
  type Approval,
  firstSeq,
  type Group,
  type Grouping,
  type GroupKind,
  type Leftover,
  type LeftoverReason,
  type ViewMessage,
} from "./groups/group.ts";
export { type GroupOptions, groupEntries } from "./groups/group-entries.ts";
export { partsOf } from "./groups/parts.ts";
export { type ImportFormat, type ImportOptions, importMessages } from "./importers/import-messages.ts";
export type { ImportBatch, ImportedMessage, ImportedMessages, ImportNote } from "./importers/imported.ts";
export { readLangchainMessage } from "./importers/read-langchain-message.ts";
export type { Problem, Rule } from "./validity/rule.ts";
export { providers, validateForProvider } from "./validity/validate-for-provider.ts";
