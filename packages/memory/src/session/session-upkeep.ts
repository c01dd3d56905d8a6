import type { CallOptions, DeleteSessionOptions, JsonObject, SessionHead, TouchOptions } from "@relevo/core";
import { dropArchived } from "../archive/archive-session.ts";
import { refuseReserved } from "../entries/entry.ts";
import { signalOf } from "../signal.ts";
import { originName } from "./fork-origin.ts";
import type { Session } from "./session.ts";
import type { SessionHandle } from "./session-handle.ts";

// The writes of a session that carry no fence, and its delete, which does.

export async function trimEvents(
  handle: SessionHandle,
  options: Parameters<Session["trim"]>[0],
): Promise<number> {
  if (handle.incarnation === undefined && (await handle.head(signalOf(options))) === undefined) return 0;
  let removed = 0;
  for (;;) {
    const result = await handle.remove(() =>
      handle.store.log.trim(handle.address, { ...options, ...handle.guard() }),
    );
    removed += result.removed;
    if (!result.more) return removed;
  }
}

export async function deleteSession(
  handle: SessionHandle,
  options: Pick<DeleteSessionOptions, "expectedVersion" | "fence" | "signal">,
): Promise<boolean> {
  // Read first, so that after the delete a write through this object is `history-lost` and does not create a new
  // session.
  if (handle.incarnation === undefined && (await handle.head(signalOf(options))) === undefined) return false;
  const deleted = await handle.remove(() =>
    handle.store.log.delete(handle.address, { ...options, ...handle.guard() }),
  );
  const { runtime, address, incarnation } = handle;
  // A copy that is being made in the archive must not stand for it.
  if (deleted && incarnation !== undefined)
    await dropArchived(runtime, address, incarnation, signalOf(options));
  return deleted;
}

export async function touchSession(
  handle: SessionHandle,
  options: Omit<TouchOptions, "incarnation">,
): Promise<SessionHead | undefined> {
  const known = handle.incarnation;
  const metadata = options.metadata && (await withOrigin(handle, options.metadata, options));
  const head = await handle.store.log.touch(handle.address, {
    ...options,
    ...(metadata === undefined ? {} : { metadata }),
    ...handle.guard(),
  });
  handle.learn(known, head?.incarnation);
  if (head !== undefined) handle.runtime.cache?.follow(handle.address, head);
  if (options.ttlMs !== undefined) handle.ttlMs = options.ttlMs;
  if (options.subject !== undefined) await handle.changeSubject(options.subject, head?.incarnation);
  return head;
}

/** New metadata do not take away where a session was forked from. */
async function withOrigin(
  handle: SessionHandle,
  metadata: JsonObject,
  options: CallOptions,
): Promise<JsonObject> {
  refuseReserved(metadata, "metadata");
  const origin = (await handle.head(signalOf(options)))?.metadata[originName];
  return origin === undefined ? metadata : { ...metadata, [originName]: origin };
}
