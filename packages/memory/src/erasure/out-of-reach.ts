import type { CallOptions } from "@relevo/core";
import { manySourcesTag } from "../entries/entry.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type { OutOfReach } from "./erase-report.ts";

/** The most memories that a report names. */
const namedAtMost = 100;

/** The memories that come from more sessions and people than they can name, so that nobody knows whose they are. */
export async function unclearMemories(
  { durable, volatile }: Runtime,
  tenant: string,
  options: CallOptions,
): Promise<readonly OutOfReach[]> {
  const documents: { readonly namespace: readonly string[]; readonly key: string }[] = [];
  let more = false;
  for (const store of new Set([durable, volatile])) {
    const filter = { tags: { any: [manySourcesTag] }, limit: namedAtMost, ...signalOf(options) };
    const page = await store.documents.find({ tenant }, filter);
    for (const { namespace, key } of page.items) documents.push({ namespace, key });
    more ||= page.cursor !== undefined;
  }
  if (documents.length === 0) return [];
  const why = `Memories that come from more sessions and people than they name${more ? ", the first of them" : ""}: read them, and forget those that speak of the person.`;
  return [{ what: "memories", why, documents }];
}

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
    why: "Checkpoints of other libraries, documents of the application and knowledge that name no source, stores that are not part of this memory, and what providers of models keep.",
  },
] as const);
