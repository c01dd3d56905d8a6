import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * What each entry of the package exports. A name that is added, moved or removed changes what people can import, so it
 * is changed here too: `.` is for users, `./input` for authors of features and adapters, `./store` for authors of
 * stores. A name that two kinds of readers need stands in the first of these entries that has such a reader, and in no other.
 */
const entries: { readonly [entry: string]: { readonly values: string; readonly types: string } } = {
  ".": {
    values: `
      MemoryError allPages canonicalJson createManualClock createUuidGenerator defaultLimits fingerprint
      isConflict isDocumentTransfer isEvent isEventTransfer isInProcessLog isSharedIndex printable readAll
      readPages renderRecalled systemClock textOf unitOf updateDocument
    `,
    types: `
      AcquireOptions AppendOptions AppendResult BelowPage BelowPart CallOptions ChangeFeed ChangedHead
      ChangedOwner ChangedSession ChangedUnit ChangesOptions ChangesPage Clock ConflictKind ContentPart CountOptions
      DeleteDocumentOptions DeleteSessionOptions Document DocumentAddress DocumentBatch DocumentDelete
      DocumentInput DocumentScope DocumentSource DocumentSources DocumentStore DocumentTransfer DocumentWrite
      DocumentWriteOptions DroppedRange Durability Embedder EraseDerivedOptions EraseOptions EraseResult EventBodies EventInput
      EventLog EventSource EventTransfer EventType ExecutionRecord ExecutionStatus ExpireOptions ExpireResult
      ExportOptions FactRequest FactWriter FilePart FindOptions HandoffArrangement HandoffContext
      HandoffHandle HandoffMode HandoffPriority HandoffRecord HandoffRecorder HandoffStart HandoffStatus
      IdGenerator ImagePart ImportDocumentsResult ImportOptions InProcessLog JsonArray JsonObject JsonValue Lease
      LeaseHolder Leases LimitOverrides Limits ListSessionsOptions Maintenance ManualClock MemoryErrorCode
      MemoryErrorOptions Message MissingPart NamespacesOptions NativePart Operation OperationRecord
      OperationResult Outcome Page PageOptions Provider PutOptions ReadOptions ReadResult ReasoningPart Recall
      RecallHit RecallPlace RecallQuery RecallResult RecalledBlock RecalledText Recency RenderRecalledOptions
      RenewOptions RerankRequest Reranker Retraction Role ScanOptions ScannedEvent SealOptions SearchChange SearchFilter
      SearchIndex SearchIndexState SearchItem SearchPostings SearchReading SearchRequest SearchSelector
      SearchSource SearchStream SearchStreamState SearchTerm SeqRange SessionAddress SessionGuard SessionHead
      SessionInit SessionObject SessionReference SessionTurn SessionWriteGuard SharedSearchIndex SpokenMessage
      Store StoredEvent StoredEventOf Summarizer Summary SummaryRequest SupersedingDocument TextPart
      TokenChange TokenCounter Tombstone ToolApprovalRequestPart ToolApprovalResponsePart ToolCallPart
      ToolResultPart TouchDocumentOptions TouchOptions TransferBatch TransferredDocument TrimOptions
      TrimResult Unit UpdateOptions View ViewAllowance ViewForm ViewReads ViewRequest ViewSource ViewStrategy Where
      WhereCondition WherePath WhereSubject WrittenFact
    `,
  },
  "./input": {
    values: `
      abortError abortable admitCall admitChoice admitDocumentAddress admitDocumentScope admitEvent
      admitEventType admitEvents admitFields admitId admitInteger admitJson admitLimit admitMessage
      admitMetadata admitNamespace admitNullableTtl admitOptionalId admitOptionalInteger admitOptions
      admitRanges admitRecallQuery admitRequest admitSession admitSessionAddress admitTags admitTenant admitTime admitTtl
      admitViewForm admitWhere anySignal cacheChannel callKinds callSummarizer closedError compareUtf8 conflict countRanges
      createEventLoopPacer createRangeSet defaultHalfLifeMs defaultPageSize describeError documentSortKey errorLine fieldTable guardKinds
      historyLost jsonEquals liveSummaryOf markup maxJsonDepth maxPageSize maxTimerMs maxTtlMs messageOfSummary normalizeRanges noteCacheRead noteRetry pageKinds pastElement
      rangesInclude rangesIntersect rangesOf readArray readInput recallKinds recalledNamespaces refuse
      requireKnownFields requireObject resolveLimits retry retryChannel sleep sortedInclude sortedIntersect sortedSubtract sortedTouch storableText supersededByName
      throwIfAborted tooLarge wasRetried withAttempts withTimeout
    `,
    types: `
      AbortableOptions AdmittedEvent AdmittedJson AdmittedSession CacheNotice ErrorDescription EventLoopPacer
      FieldKind FieldKinds FieldTable LedTo LiveSummary MessageOrigin RangeSet RetryNotice RetryOptions SummarizerCall
      SummarizerOutcome TimeoutOptions
    `,
  },
  "./store": {
    values: `
      addRemoval admitAppend admitFind admitSearchCall admitSearchChange admitSearchGroups admitSearchMark
      admitSearchPage admitSearchRequest admitSearchSelector asOfVersion beginsLikePattern compareNamespaces
      createKeyValueDriver createStore createTokenGenerator decodeCursor encodeCursor findBounds
      findMatcher isCreatedStore isOneEditAway isSimilarTerm matchesFilter matchesNamespace maxImportedVersion
      maxPinnedBelow maxRemovedRanges maxSummariesLookedAt mergeRemovals mostSimilarTerms namespaceListStart
      namespaceSortPrefix placeBehindNamespace planImport prefixEnd recordPut replayDelete replayPut
      retractedRanges retractionsOf searchStreamFilter searchStreamKey searchStreamPrefix searchableText sessionKey
      shortestSimilarTerm similarPrefixLength summariesInForce valueAt wasRemovedSince whereMatcher
      whereOperators
    `,
    types: `
      AdmittedAcquire AdmittedAppend AdmittedBelow AdmittedCall AdmittedChanges AdmittedCount AdmittedDelete
      AdmittedDeleteSession AdmittedDocument AdmittedDocumentImport AdmittedDocumentTouch
      AdmittedDocumentWrite AdmittedErase AdmittedExpire AdmittedExport AdmittedExportDocuments AdmittedFind
      AdmittedGet AdmittedGuard AdmittedImport AdmittedListSessions AdmittedNamespaces AdmittedOperation
      AdmittedPut AdmittedRead AdmittedRestore AdmittedScan AdmittedSeal AdmittedSessionCall AdmittedTenants
      AdmittedTouch AdmittedTransferBatch AdmittedTransferHead AdmittedTrim Answer Awaitable CreatedStore
      DerivedRequest DocumentDriver DocumentOperationRecord DocumentPosition DriverChanges DriverDocuments
      DriverPage ErasedDocuments EventFilter FeedDriver FindBounds HeldLease ImportPlan ImportRefusal
      ImportTarget KeyRange KeyValueChange KeyValueCondition KeyValueDriver KeyValueDriverOptions
      KeyValueEntry KeyValueLimits KeyValueReadRequest KeyValueReadResult KeyValueSpace KeyVersion LeaseDriver
      LeaseGrant LeaseRequest ListPosition LogDriver MaintenanceDriver RecordedWrite Refusal RemovedRange
      RemovedSource ScanDriver ScanPosition StoreDriver TransferDriver
    `,
  },
};

const folder = join(import.meta.dirname, "..");

interface Manifest {
  readonly exports: { readonly [entry: string]: string | { readonly default: string } };
}

const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;

/** The names that an entry's source re-exports. Entries do nothing else. */
async function exported(entry: string): Promise<{ values: string[]; types: string[] }> {
  const target = manifest.exports[entry];
  if (typeof target !== "object") throw new Error(`${entry} is not an entry`);
  const source = await readFile(
    join(folder, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts")),
    "utf8",
  );
  const statement = /export (type )?\{([^}]*)\} from "[^"]+";\n/g;
  expect(source.replace(statement, "").trim()).toBe("");
  const values: string[] = [];
  const types: string[] = [];
  for (const [, type, list = ""] of source.matchAll(statement)) {
    for (const item of list.split(",").map((name) => name.trim())) {
      if (item === "") continue;
      if (type === undefined && !item.startsWith("type ")) values.push(item);
      else types.push(item.replace(/^type /, ""));
    }
  }
  return { values: values.sort(), types: types.sort() };
}

const words = (list: string) => list.trim().split(/\s+/);

describe("the entries of the package", () => {
  it("are these", () => {
    expect(Object.keys(manifest.exports)).toEqual([...Object.keys(entries), "./package.json"]);
  });

  it.each(Object.entries(entries))("%s exports these names", async (entry, names) => {
    expect(await exported(entry)).toEqual({ values: words(names.values), types: words(names.types) });
  });

  it("have no name in common", () => {
    const all = Object.values(entries).flatMap(({ values, types }) => [...words(values), ...words(types)]);
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});
