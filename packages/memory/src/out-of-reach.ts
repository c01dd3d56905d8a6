import type { OutOfReach } from "./erase-report.ts";

/** What an erasure cannot remove, for whoever has to answer for it. */
export const outOfReach: readonly OutOfReach[] = Object.freeze([
  {
    what: "identifiers",
    why: "Ids of sessions, of operations and of the person, without content: stores remember operations of what has ended for about a day and changes for about a week, so that late retries and indexes are right. The upkeep of the store removes them.",
  },
  {
    what: "caches",
    why: "Other processes keep the newest messages of sessions in their memory until their next call, one minute at most by default.",
  },
  {
    what: "backups",
    why: "Backups, snapshots and replicas that lag, until they are replaced or have caught up.",
  },
  {
    what: "logs",
    why: "Write-ahead logs, append-only files and dead rows, until the database recycles, rewrites or vacuums them; logs of servers that record parameters.",
  },
  { what: "traces", why: "Spans and metrics that were exported, and logs of the application." },
  {
    what: "elsewhere",
    why: "Checkpoints of other libraries, documents of the application that name no source, stores that are not part of this memory, and what providers of models keep.",
  },
] as const);
