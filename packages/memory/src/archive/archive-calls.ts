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
import type { Runtime } from "../runtime.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import { signalOf } from "../signal.ts";
import { completeCopy } from "./archive-mark.ts";
import {
  archiveOf,
  archiveSession,
  type MovedSession,
  type MoveOptions,
  restoreSession,
} from "./archive-session.ts";
import { wholeWorkflow } from "./whole-workflow.ts";

export interface MoveAllOptions extends MoveOptions {
  /**
   * Also moves what was forked from it, and from that, one session after the other: forks first into the archive, and last
   * out of it. A call that ends early leaves some in each place, and either direction continues. False when left out.
   */
  readonly forks?: boolean | undefined;
}

const moveFields: FieldTable = fieldTable<MoveOptions>({ signal: "refines", waitMs: "refines" });
const moveAllFields: FieldTable = fieldTable<MoveAllOptions>({
  signal: "refines",
  waitMs: "refines",
  forks: "refines",
});

export async function archiveOne(
  runtime: Runtime,
  tenant: string,
  session: string,
  given: MoveAllOptions | undefined,
): Promise<MovedSession> {
  const { forks, options } = admitMove(runtime, given);
  const address = { tenant, session: admitId(session, "session", runtime.limits) };
  const { sessions } = runtime;
  const archive = archiveOf(runtime);
  if (forks) {
    const root =
      (await sessions.log.head(address, signalOf(options))) ??
      (await archive.log.head(address, signalOf(options)));
    const all = root === undefined ? [] : await wholeWorkflow(runtime, address, root, options);
    for (const { session: one, isHere } of all.toReversed())
      if (isHere && one !== session) await archiveSession(runtime, { tenant, session: one }, options);
  }
  return archiveSession(runtime, address, options);
}

export async function restoreOne(
  runtime: Runtime,
  tenant: string,
  session: string,
  given: MoveAllOptions | undefined,
): Promise<MovedSession> {
  const { forks, options } = admitMove(runtime, given);
  const address = { tenant, session: admitId(session, "session", runtime.limits) };
  const { sessions } = runtime;
  const archive = archiveOf(runtime);
  const restored = await restoreSession(runtime, address, options);
  const root = forks ? await sessions.log.head(address, signalOf(options)) : undefined;
  const all = root === undefined ? [] : await wholeWorkflow(runtime, address, root, options);
  for (const { session: one, isHere, isArchived, isSealed } of all) {
    if (one === session || !(isArchived || isSealed)) continue;
    const fork = { tenant, session: one };
    // What is nowhere else and not complete is a remnant of what was erased while it moved.
    const head = isHere ? undefined : await archive.log.head(fork, signalOf(options));
    const isWhole = head && (await completeCopy(archive, fork, options)) === head.incarnation;
    if (isHere || isWhole) await restoreSession(runtime, fork, options);
  }
  return restored;
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

function admitMove(
  runtime: Runtime,
  given: MoveAllOptions | undefined,
): { readonly forks: boolean; readonly options: MoveOptions } {
  const { forks = false, ...options } = admitOptions(given, moveAllFields);
  if (typeof forks !== "boolean") throw refuse("options.forks", "must be true or false.");
  begin(runtime, options);
  return { forks, options };
}

function begin(runtime: Runtime, { waitMs, signal }: MoveOptions & CallOptions): void {
  if (waitMs !== undefined) admitInteger(waitMs, "options.waitMs", 0, 2 ** 31 - 1);
  runtime.requireOpen();
  throwIfAborted(signal);
}
