import {
  type CallOptions,
  type DocumentAddress,
  isConflict,
  MemoryError,
  type SessionAddress,
} from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";

// How far retention has come behind a pinned event: everything older has no content, is pinned, or is a retraction. None of
// that ever changes, as content is only added at the end of a log, so the mark stays right, however late it is written.

/** So many events are read again rather than marked: a mark costs a write, and a read of it each time. */
export const fewEvents = 100;

/** The first `seq` that is not known to be cleared; 1 without a mark. */
export async function clearedBefore(
  { sessions: { documents } }: Runtime,
  address: SessionAddress,
  options: CallOptions,
): Promise<number> {
  const found = await documents.get(markAt(address), options);
  const { seq } = (found?.value ?? {}) as { readonly seq?: unknown };
  return typeof seq === "number" ? seq : 1;
}

/** A session that is sealed or gone needs no mark. */
export async function markCleared(
  { sessions: { documents } }: Runtime,
  address: SessionAddress,
  { incarnation, seq }: { readonly incarnation: string; readonly seq: number },
  options: CallOptions,
): Promise<void> {
  try {
    await documents.put(markAt(address), { value: { seq } }, { incarnation, ...options });
  } catch (error) {
    if (!isConflict(error) && !MemoryError.isInstance(error, "history-lost")) throw error;
  }
}

/** Among the documents of the session, so that it ends and moves with it, and moves no time or version of it. */
function markAt(address: SessionAddress): DocumentAddress {
  return { ...address, namespace: namespaces.retentions, key: "cleared" };
}
