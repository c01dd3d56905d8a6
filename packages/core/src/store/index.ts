export { checkRetraction, retractedRanges } from "../input/events.ts";
export { maxImportedVersion } from "../input/numbers.ts";
export { compareNamespaces, compareUtf8, namespaceSortPrefix, sessionKey } from "../order.ts";
export { valueAt } from "../where.ts";
export { maxPinnedBelow, maxSummariesLookedAt, summariesInForce } from "./below-page.ts";
export { decodeCursor, encodeCursor } from "./cursor.ts";
export {
  type AdmittedDelete,
  type AdmittedDocument,
  type AdmittedDocumentTouch,
  type AdmittedFind,
  type AdmittedNamespaces,
  type AdmittedPut,
  admitDelete,
  admitDeleteMany,
  admitFind,
  admitGetMany,
  admitNamespaces,
  admitPut,
  admitPutMany,
  admitTouchDocument,
  admitUnitGuard,
} from "./document-calls.ts";
export { type FindBounds, findBounds, findMatcher } from "./find.ts";
export {
  type AdmittedAppend,
  type AdmittedBelow,
  type AdmittedGuard,
  type AdmittedListSessions,
  type AdmittedRead,
  type AdmittedScan,
  type AdmittedSessionGuard,
  type AdmittedTouch,
  type AdmittedTrim,
  admitAppend,
  admitDeleteSession,
  admitErase,
  admitExport,
  admitGuard,
  admitListSessions,
  admitRead,
  admitScan,
  admitTouch,
  admitTrim,
  admitUnseal,
} from "./log-calls.ts";
export {
  beginsLikePattern,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "./namespace-list.ts";
export {
  addRemoval,
  maxRemovedRanges,
  mergeRemovals,
  type RemovedRange,
  wasRemovedSince,
} from "./removals.ts";
export { searchableText } from "./searchable-text.ts";
export { createTokenGenerator } from "./token-generator.ts";
export {
  type AdmittedTransferBatch,
  type AdmittedTransferHead,
  admitTransferBatch,
  compareCopies,
} from "./transfer-batch.ts";
export {
  type AdmittedAcquire,
  type AdmittedTenants,
  admitAcquire,
  admitExpire,
  admitRenew,
  admitTenants,
} from "./upkeep-calls.ts";
export { whereMatcher, whereOperators } from "./where-matcher.ts";
