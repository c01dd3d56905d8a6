/** One attribute of ours: its name, its type, and what it says. */
interface AttributeEntry {
  readonly name: `relevo.${string}`;
  readonly type: "string" | "int" | "boolean";
  readonly on: string;
  readonly meaning: string;
}

/**
 * Every attribute that is ours and not of the GenAI conventions. TELEMETRY.md has a table that is made from this one,
 * and a test that compares the two. None holds content.
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
    on: "`log.append`",
    meaning: "The `seq` of the first event of the call",
  },
  replayed: {
    name: "relevo.replayed",
    type: "boolean",
    on: "`log.append`",
    meaning: "`true` when an earlier call with this operation id did the work; never `false`",
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
  documentVersion: {
    name: "relevo.document.version",
    type: "int",
    on: "`documents.get`, `documents.put`, `documents.touch`",
    meaning: "The version of the document",
  },
  agent: {
    name: "relevo.agent",
    type: "string",
    on: "an agent's memory",
    meaning: "Whose memory it is",
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
