import type { EventLog, HandoffContext, Message, TokenCounter } from "@relevo/core";
import { type AdmittedSession, normalizeRanges } from "@relevo/core/input";
import { withAppended } from "../context/appended-snapshot.ts";
import type { ContextPolicy, HandoffFacts } from "../context/context-policy.ts";
import { explicitContext } from "../context/explicit-context.ts";
import { boundRead, openSnapshot } from "../context/log-snapshot.ts";
import { bounded, resolveContext } from "../context/resolve-context.ts";
import type { HandoffProblem, StartRequest } from "../handoff-types.ts";
import type { AdmittedCause } from "../run/admit-cause.ts";
import { callWithin, isMemoryDown, type Patience } from "./call-memory.ts";
import { handedTo } from "./call-result.ts";
import type { PlannedHandoff } from "./running-handoff.ts";

export interface PlanSettings {
  readonly log: EventLog;
  readonly patience: Patience;
  readonly degrade: boolean;
  readonly counter: TokenCounter | undefined;
  readonly report: (error: unknown, problem: HandoffProblem) => void;
}

/** A start as it is asked for, checked. */
export interface AdmittedStart {
  readonly record: PlannedHandoff["record"];
  readonly facts: HandoffFacts;
  readonly cause: AdmittedCause;
  readonly documents: readonly (readonly string[])[];
  /** What says what the receiver is shown: one of these, or nothing. */
  readonly shown:
    | { readonly policy: ContextPolicy }
    | { readonly seqs: NonNullable<StartRequest["seqs"]> }
    | { readonly context: HandoffContext }
    | undefined;
  readonly incarnation: string | undefined;
  readonly removalRevision: number | undefined;
}

export interface PlannedStart {
  readonly planned: PlannedHandoff;
  readonly messages: readonly Message[] | undefined;
}

/** Reads the session where the context takes that, and says what is to be recorded. */
export async function planStart(
  settings: PlanSettings,
  session: AdmittedSession,
  start: AdmittedStart,
  signal: AbortSignal | undefined,
): Promise<PlannedStart> {
  const { record, cause, shown } = start;
  const caused = cause.events.length === 0 ? {} : { cause: cause.events };
  if (shown === undefined || "context" in shown) {
    const { incarnation, removalRevision } = start;
    const context = shown?.context;
    // What the inline messages repeat is not known, so they count as derived from everything that was there.
    const derivedFrom =
      (context?.inline?.length ?? 0) === 0
        ? []
        : bounded(normalizeRanges([...(context?.passed ?? []), ...(context?.dropped ?? [])]));
    const planned = {
      record: { ...record, ...(context === undefined ? {} : { context }) },
      derivedFrom,
      incarnation,
      ...(removalRevision === undefined ? {} : { removalRevision }),
      ...caused,
    };
    return { planned, messages: undefined };
  }
  try {
    return await choose(settings, session, { ...start, shown }, signal);
  } catch (error) {
    if (!settings.degrade || !isReadFailure(error)) throw error;
    settings.report(error.cause, { phase: "read", session: session.address });
    return { planned: { record, ...caused, degraded: true }, messages: undefined };
  }
}

async function choose(
  settings: PlanSettings,
  session: AdmittedSession,
  {
    record,
    facts,
    cause,
    documents,
    shown,
  }: AdmittedStart & { shown: Exclude<AdmittedStart["shown"], undefined | { context: HandoffContext }> },
  signal: AbortSignal | undefined,
): Promise<PlannedStart> {
  const { log, patience, counter, report } = settings;
  const { address } = session;
  const readLog = boundRead(log, address, (read) =>
    callWithin(patience.timeoutMs, signal, "not-applied", read).catch((error: unknown) => {
      throw isMemoryDown(error) && settings.degrade ? new ReadFailure(error) : error;
    }),
  );
  const before = await session.reading(() => openSnapshot(readLog));
  const source = withAppended(before, cause.messages);
  const notice = (error: unknown): void => report(error, { phase: "policy", session: address });
  const resolve = { signal, counter, documents, call: undefined, callText: handedTo(facts), notice };
  const chosen =
    "policy" in shown
      ? await resolveContext(source, shown.policy, facts, resolve)
      : {
          record: await explicitContext(source, shown.seqs, cause.messages.length),
          derivedFrom: [],
          messages: undefined,
        };
  return {
    planned: {
      record: { ...record, context: { ...chosen.record, ...(documents.length === 0 ? {} : { documents }) } },
      derivedFrom: chosen.derivedFrom,
      incarnation: before.incarnation,
      removalRevision: before.removalRevision,
      ...(cause.events.length === 0 ? {} : { cause: cause.events, expectedVersion: before.version }),
    },
    messages: chosen.messages,
  };
}

/** Tells a failure of the log from an error of the policy. */
class ReadFailure extends Error {
  constructor(cause: unknown) {
    super("The session could not be read.", { cause });
  }
}

function isReadFailure(error: unknown): error is ReadFailure {
  return error instanceof ReadFailure;
}
