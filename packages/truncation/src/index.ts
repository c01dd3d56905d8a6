export { missingResult } from "./groups/draft.ts";
export type { Entry } from "./groups/entry.ts";
export type { Group, GroupKind, Leftover, LeftoverReason } from "./groups/group.ts";
export { groupEntries } from "./groups/group-entries.ts";
export type { Problem, Rule } from "./validity/rule.ts";
export { type Provider, providers, validateForProvider } from "./validity/validate-for-provider.ts";
