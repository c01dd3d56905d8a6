export { maxJsonDepth, resolveLimits } from "../limits.ts";
export { markup } from "../markup.ts";
export { compareUtf8, documentSortKey } from "../order.ts";
export { jsonEquals } from "../where.ts";
export { type AbortableOptions, abortable, anySignal } from "./abortable.ts";
export { type CacheNotice, cacheChannel, noteCacheRead } from "./cache-notice.ts";
export { admitCall } from "./call.ts";
export { callSummarizer, type SummarizerCall, type SummarizerOutcome } from "./call-summarizer.ts";
export { closedError, conflict, historyLost } from "./conflict.ts";
export { describeError, type ErrorDescription, errorLine, storableText } from "./describe-error.ts";
export { createEventLoopPacer, type EventLoopPacer } from "./event-loop.ts";
export { type AdmittedEvent, admitEvent, admitEvents, admitEventType } from "./events.ts";
export {
  admitFields,
  admitOptions,
  type FieldKind,
  type FieldKinds,
  type FieldTable,
  fieldTable,
  readInput,
  requireKnownFields,
  requireObject,
} from "./fields.ts";
export {
  admitDocumentAddress,
  admitDocumentScope,
  admitId,
  admitNamespace,
  admitOptionalId,
  admitSessionAddress,
  admitTags,
  admitTenant,
} from "./ids.ts";
export { type AdmittedJson, admitJson, admitMetadata, admitRequest } from "./json.ts";
export { type LedTo, type LiveSummary, liveSummaryOf, messageOfSummary } from "./live-summary.ts";
export { admitMessage, type MessageOrigin } from "./message.ts";
export {
  abortError,
  admitChoice,
  admitInteger,
  admitLimit,
  admitNullableTtl,
  admitOptionalInteger,
  admitRanges,
  admitTime,
  admitTtl,
  defaultPageSize,
  maxPageSize,
  maxTtlMs,
  throwIfAborted,
} from "./numbers.ts";
export { callKinds, guardKinds, pageKinds, recallKinds } from "./option-kinds.ts";
export { createRangeSet, type RangeSet } from "./range-set.ts";
export { countRanges, normalizeRanges, rangesInclude, rangesIntersect, rangesOf } from "./ranges.ts";
export { readArray } from "./read-array.ts";
export { admitRecallQuery, defaultHalfLifeMs } from "./recall-query.ts";
export { pastElement, recalledNamespaces, supersededByName } from "./recalled-namespaces.ts";
export { refuse, tooLarge } from "./refuse.ts";
export { type RetryOptions, retry, wasRetried, withAttempts } from "./retry.ts";
export { noteRetry, type RetryNotice, retryChannel } from "./retry-notice.ts";
export { type AdmittedSession, admitSession } from "./session-reference.ts";
export { maxTimerMs, sleep } from "./sleep.ts";
export { sortedInclude, sortedIntersect, sortedSubtract, sortedTouch } from "./sorted-ranges.ts";
export { admitViewForm } from "./view-form.ts";
export { admitWhere } from "./where.ts";
export { type TimeoutOptions, withTimeout } from "./with-timeout.ts";
