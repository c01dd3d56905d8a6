import type { CallOptions } from "@relevo/core";
import {
  admitId,
  admitInteger,
  admitOptions,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { withForks } from "../people/subject-sessions.ts";
import type { Runtime } from "../runtime.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import {
  archiveOf,
  archiveSession,
  type MovedSession,
  type MoveOptions,
  restoreSession,
} from "./archive-session.ts";

export interface ArchiveOptions extends MoveOptions {
  /** Also archives what was forked from it, and from that, first. False when left out. */
  readonly forks?: boolean | undefined;
}

const moveFields: FieldTable = fieldTable<MoveOptions>({ signal: "refines", waitMs: "refines" });
const archiveFields: FieldTable = fieldTable<ArchiveOptions>({
  signal: "refines",
  waitMs: "refines",
  forks: "refines",
});

export async function archiveOne(
  runtime: Runtime,
  tenant: string,
  session: string,
  given: ArchiveOptions | undefined,
): Promise<MovedSession> {
  const { forks = false, ...options } = admitOptions(given, archiveFields);
  if (typeof forks !== "boolean") throw refuse("options.forks", "must be true or false.");
  const address = { tenant, session: admitId(session, "session", runtime.limits) };
  begin(runtime, options);
  archiveOf(runtime);
  if (forks) {
    const { signal } = options;
    const head = await runtime.sessions.log.head(address, { signal });
    const heads = head === undefined ? [] : [head];
    for await (const one of withForks(runtime.sessions, tenant, heads, { signal }))
      if (one.session !== session) await archiveSession(runtime, { tenant, session: one.session }, options);
  }
  return archiveSession(runtime, address, options);
}

export async function restoreOne(
  runtime: Runtime,
  tenant: string,
  session: string,
  given: MoveOptions | undefined,
): Promise<MovedSession> {
  const options = admitOptions(given, moveFields);
  const address = { tenant, session: admitId(session, "session", runtime.limits) };
  begin(runtime, options);
  return restoreSession(runtime, address, options);
}

/** The session of the handle, which cannot be written through it afterwards. */
export async function archiveHandle(
  handle: SessionHandle,
  given: MoveOptions | undefined,
): Promise<MovedSession> {
  const options = admitOptions(given, moveFields);
  begin(handle.runtime, options);
  if (handle.incarnation === undefined) await handle.head({ signal: options.signal });
  return archiveSession(handle.runtime, handle.address, options);
}

function begin(runtime: Runtime, { waitMs, signal }: MoveOptions & CallOptions): void {
  if (waitMs !== undefined) admitInteger(waitMs, "options.waitMs", 0, 2 ** 31 - 1);
  runtime.requireOpen();
  throwIfAborted(signal);
}
