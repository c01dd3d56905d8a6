/** One attribute of ours: its name, its type, and what it says. */
interface AttributeEntry {
  readonly name: `relevo.${string}`;
  readonly type: "string" | "int" | "boolean";
  readonly on: string;
  readonly meaning: string;
}

/**
 * Every attribute that is ours and not of the GenAI conventions. TELEMETRY.md has a table that is made from this one,
 * and a test that compares the two. Those that hold content say so.
 */
export const relevo = {
  operation: {
    name: "relevo.operation",
    type: "string",
    on: "every span",
    meaning: "Which method ran, such as `log.append`, `documents.put` or `session.turn`",
  },
  tenant: { name: "relevo.tenant", type: "string", on: "every span", meaning: "The tenant" },
  contentOmitted: {
    name: "relevo.content.omitted",
    type: "boolean",
    on: "spans with content",
    meaning: "`true` when content was larger than `maxContentBytes`, or the redactor failed; never `false`",
  },
  errorOutcome: {
    name: "relevo.error.outcome",
    type: "string",
    on: "failed spans",
    meaning: "`applied`, `not-applied` or `unknown`: what a failed write did",
  },
  errorRetryable: {
    name: "relevo.error.retryable",
    type: "boolean",
    on: "failed spans",
    meaning: "Whether the same call may succeed later",
  },
  conflict: {
    name: "relevo.error.conflict",
    type: "string",
    on: "spans with `error.type` = `conflict`",
    meaning: "What stood against the write: `operation`, `version`, `fence`, `lease`, `sealed` or `removal`",
  },
  incarnation: {
    name: "relevo.session.incarnation",
    type: "string",
    on: "reads and writes of a log",
    meaning: "Tells a session from a later one with the same id",
  },
  version: {
    name: "relevo.session.version",
    type: "int",
    on: "reads and writes of a log",
    meaning: "The last `seq` of the log after the call",
  },
  firstSeq: {
    name: "relevo.log.first_seq",
    type: "int",
    on: "`log.append` of several events",
    meaning: "The `seq` of the first of them",
  },
  replayed: {
    name: "relevo.replayed",
    type: "boolean",
    on: "`log.append`",
    meaning: "`true` when an earlier call with this operation id did the work; never `false`",
  },
  retryName: {
    name: "relevo.retry.name",
    type: "string",
    on: "the event `relevo.retry`, the metric `relevo.retries`",
    meaning: "What is tried again, such as `redis`, `document-update` or `handoff-append`",
  },
  retryAttempt: {
    name: "relevo.retry.attempt",
    type: "int",
    on: "the event `relevo.retry`",
    meaning: "Which try failed, from 1",
  },
  fence: {
    name: "relevo.fence",
    type: "int",
    on: "writes under a lease, `leases.acquire`",
    meaning: "The fencing token",
  },
  acquired: {
    name: "relevo.lease.acquired",
    type: "boolean",
    on: "the metric `relevo.lease.wait`",
    meaning: "Whether the wait ended with the lease",
  },
  units: {
    name: "relevo.feed.units",
    type: "int",
    on: "`feed.changes`",
    meaning: "How many changed units the page names",
  },
  unchanged: {
    name: "relevo.cache.hit",
    type: "boolean",
    on: "reads that name the token of a cached copy",
    meaning: "Whether the copy was still valid",
  },
  removed: {
    name: "relevo.removed.count",
    type: "int",
    on: "`log.trim`, `log.erase`, `documents.delete_many`, `maintenance.expire`",
    meaning: "How many events, documents or sessions were removed",
  },
  streamed: {
    name: "relevo.stream.count",
    type: "int",
    on: "`session.stream`, exports",
    meaning: "How many pieces of an answer, or lines of an export, were passed on",
  },
  documentVersion: {
    name: "relevo.document.version",
    type: "int",
    on: "`documents.get`, `documents.put`, `documents.touch`",
    meaning: "The version of the document",
  },
  linkKind: {
    name: "relevo.link.kind",
    type: "string",
    on: "links",
    meaning:
      "`source`: fed this work; `outlived`: the handoff around this one ended before it; `abandoned`: the lost span",
  },
  handoffId: {
    name: "relevo.handoff.id",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "The id in the log, whose record has the ids of this span",
  },
  handoffParentId: {
    name: "relevo.handoff.parent_id",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "The handoff inside which this one was started",
  },
  handoffFrom: {
    name: "relevo.handoff.from",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "The agent that hands over",
  },
  handoffTo: {
    name: "relevo.handoff.to",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "The agent that takes over",
  },
  handoffMode: {
    name: "relevo.handoff.mode",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "`transfer` passes control, `delegate` returns to the caller",
  },
  handoffPriority: {
    name: "relevo.handoff.priority",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "`low`, `normal`, `high` or `urgent`",
  },
  handoffDepth: {
    name: "relevo.handoff.depth",
    type: "int",
    on: "`relevo.handoff`",
    meaning: "How many handoffs are around it",
  },
  handoffPolicy: {
    name: "relevo.handoff.policy",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "What chose the messages, such as `last(5)`",
  },
  handoffStatus: {
    name: "relevo.handoff.status",
    type: "string",
    on: "`relevo.handoff`",
    meaning: "How it ended: `completed`, `failed`, `rejected`, `timed-out`, `abandoned` or `degraded`",
  },
  handoffUnrecorded: {
    name: "relevo.handoff.unrecorded",
    type: "boolean",
    on: "`relevo.handoff`",
    meaning: "`true` when its end is not in the log; never `false`. The span is then an error",
  },
  handoffPassed: {
    name: "relevo.handoff.passed.count",
    type: "int",
    on: "`relevo.handoff`",
    meaning: "Messages that the receiver was shown unchanged",
  },
  handoffReshaped: {
    name: "relevo.handoff.reshaped.count",
    type: "int",
    on: "`relevo.handoff`",
    meaning: "Messages that it was shown in another form",
  },
  handoffMade: {
    name: "relevo.handoff.made.count",
    type: "int",
    on: "`relevo.handoff`",
    meaning: "Messages in what it was shown that are not in the log as they are, reshaped ones included",
  },
  handoffDropped: {
    name: "relevo.handoff.dropped.count",
    type: "int",
    on: "`relevo.handoff`",
    meaning: "Places in the log, from the first to the last dropped message, that it was not shown",
  },
  handoffDocuments: {
    name: "relevo.handoff.documents.count",
    type: "int",
    on: "`relevo.handoff`",
    meaning: "Documents that were handed over",
  },
  handoffTokensBefore: {
    name: "relevo.handoff.tokens.before",
    type: "int",
    on: "`relevo.handoff`, with a counter",
    meaning: "Tokens of the whole conversation",
  },
  handoffTokensAfter: {
    name: "relevo.handoff.tokens.after",
    type: "int",
    on: "`relevo.handoff`, with a counter",
    meaning: "Tokens of what the receiver was shown",
  },
  handoffReason: {
    name: "relevo.handoff.reason",
    type: "string",
    on: "`relevo.handoff`, with content",
    meaning: "Why control was handed over",
  },
  handoffData: {
    name: "relevo.handoff.data",
    type: "string",
    on: "`relevo.handoff`, with content",
    meaning: "What the sender added, as JSON",
  },
  viewStrategy: {
    name: "relevo.view.strategy",
    type: "string",
    on: "`session.view` with a strategy of its own",
    meaning: "Its name and parameters",
  },
  viewMessages: {
    name: "relevo.view.messages.count",
    type: "int",
    on: "`session.view`",
    meaning: "Messages that the model is shown",
  },
  viewDropped: {
    name: "relevo.view.dropped.count",
    type: "int",
    on: "`session.view`",
    meaning: "Places in the log that are not shown",
  },
  viewSummarized: {
    name: "relevo.view.summarized.count",
    type: "int",
    on: "`session.view`",
    meaning: "Places in the log that are shown in another form",
  },
  viewTokens: {
    name: "relevo.view.tokens",
    type: "int",
    on: "`session.view`, with a counter",
    meaning: "Tokens of the view",
  },
  viewStableTokens: {
    name: "relevo.view.stable_prefix.tokens",
    type: "int",
    on: "`session.view`, with a counter",
    meaning: "Tokens at its start that stay the same until the next cut",
  },
  found: {
    name: "relevo.recall.found",
    type: "boolean",
    on: "`memory.recall`, `memory.entry`, `recall.search`, `tenant.search`",
    meaning: "Whether there was a value, or a hit",
  },
  recallMissing: {
    name: "relevo.recall.missing",
    type: "string",
    on: "`recall.search`, `tenant.search`, `knowledge.similar`",
    meaning: "What the search had to do without: `vectors`, `reranking`, or both with a comma",
  },
  state: {
    name: "relevo.view.state",
    type: "string",
    on: "the metric `relevo.view.messages`",
    meaning: "`shown`, `dropped` or `summarized`",
  },
  agent: {
    name: "relevo.agent",
    type: "string",
    on: "an agent's memory",
    meaning: "Whose memory it is",
  },
  user: {
    name: "relevo.user",
    type: "string",
    on: "a person's memory, and what an agent keeps about a person",
    meaning: "The person",
  },
  workspace: {
    name: "relevo.workspace",
    type: "string",
    on: "a workspace",
    meaning: "Its name",
  },
  key: {
    name: "relevo.memory.key",
    type: "string",
    on: "`memory.remember`, `memory.recall` and others of one key",
    meaning: "The key of the value",
  },
  tier: {
    name: "relevo.memory.tier",
    type: "string",
    on: "an agent's memory",
    meaning: "`volatile`, `durable` or `both`, where the caller chose",
  },
} as const;

/** The table of TELEMETRY.md. */
export function attributeTable(): string {
  const entries: readonly AttributeEntry[] = Object.values(relevo);
  const rows = entries.map(({ name, type, on, meaning }) => [`\`${name}\``, type, on, meaning] as const);
  const all = [["attribute", "type", "on", "meaning"] as const, ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(all[0] ?? []), rule, ...all.slice(1).map(line)].join("\n");
}
