import {
  allPages,
  type CallOptions,
  type ListSessionsOptions,
  MemoryError,
  type Page,
  type SessionHead,
} from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { completeAmong } from "./archive-mark.ts";
import { archiveOf, archiveSession, type MovedSession } from "./archive-session.ts";
import { archivedAt, withoutNote } from "./archived-batch.ts";

/** A session in the archive. */
export interface ArchivedSession extends Omit<SessionHead, "sealed"> {
  /** By the memory's clock, in milliseconds since the epoch. */
  readonly archivedAt: number;
}

export interface ArchiveIdleOptions extends CallOptions {
  /** Sessions that were last written so long ago, or longer. In milliseconds. */
  readonly idleMs: number;
  /** The most sessions that this call moves; 100 when left out. */
  readonly limit?: number | undefined;
}

export interface ArchiveIdleReport {
  readonly archived: readonly MovedSession[];
  /** What could not be moved, and why: such as one in a turn. They stay as they were. */
  readonly failed: readonly { readonly session: string; readonly error: MemoryError }[];
  /** True when there may be more: call again. */
  readonly more: boolean;
}

const idleFields: FieldTable = fieldTable<ArchiveIdleOptions>({
  signal: "refines",
  idleMs: "selects",
  limit: "refines",
});

/** One page of the archive. A copy that is not complete is not in it. */
export async function listArchive(
  runtime: Runtime,
  tenant: string,
  options: ListSessionsOptions,
): Promise<Page<ArchivedSession>> {
  const archive = archiveOf(runtime);
  const page = await archive.log.list(tenant, options);
  const items = (await completeAmong(archive, tenant, page.items, options)).flatMap((head) => {
    const at = archivedAt(head);
    if (at === undefined) return [];
    const { sealed: _, ...rest } = withoutNote(head);
    return [{ ...rest, archivedAt: at }];
  });
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
}

/** Archives what has not been written for a while, the longest idle first. */
export async function archiveIdle(
  runtime: Runtime,
  tenant: string,
  given: ArchiveIdleOptions,
): Promise<ArchiveIdleReport> {
  const { idleMs, limit = 100, signal } = admitFields(given, "options", idleFields);
  const idleSince = runtime.clock.now() - admitInteger(idleMs, "options.idleMs", 0);
  admitInteger(limit, "options.limit", 1);
  runtime.requireOpen();
  archiveOf(runtime);
  const archived: MovedSession[] = [];
  const failed: { readonly session: string; readonly error: MemoryError }[] = [];
  const list = (cursor: { readonly cursor?: string }) =>
    runtime.sessions.log.list(tenant, { order: "updated", idleSince, ...cursor, signal });
  for await (const { session } of allPages(list)) {
    if (archived.length + failed.length >= limit) return { archived, failed, more: true };
    try {
      archived.push(await archiveSession(runtime, { tenant, session }, { waitMs: 0, signal }));
    } catch (error) {
      // What stops one session only; anything else stops them all.
      if (!MemoryError.isInstance(error) || !passes.has(error.code)) throw error;
      failed.push({ session, error });
    }
  }
  return { archived, failed, more: false };
}

const passes: ReadonlySet<MemoryError["code"]> = new Set([
  "conflict",
  "history-lost",
  "not-found",
  "too-large",
  "invalid-input",
]);
