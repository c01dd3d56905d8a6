import type { JsonValue } from "@relevo/core";
import { withAppended } from "../context/appended-snapshot.ts";
import { boundRead, type LogSnapshot, openSnapshot } from "../context/log-snapshot.ts";
import { type ResolvedContext, resolveContext } from "../context/resolve-context.ts";
import { findTransferCall } from "../context/transfer-call.ts";
import { callWithin, isMemoryDown } from "../record/call-memory.ts";
import { type AnsweredCall, handedTo } from "../record/call-result.ts";
import { isOfDeadRun } from "../record/in-turn.ts";
import type { Refuse } from "../record/recorder.ts";
import type { PlannedHandoff } from "../record/running-handoff.ts";
import type { AdmittedRequest } from "./admit-request.ts";
import { type Attempt, type RunnerSettings, reportEnd, settle } from "./attempt.ts";
import { ancestorsOf } from "./frame.ts";
import { guardAgainstLoops, hopsOf } from "./loop-guard.ts";

/** A handoff that is ready to start. */
export interface Prepared {
  readonly context: ResolvedContext;
  readonly planned: PlannedHandoff;
  /** As the schema made it. */
  readonly data: JsonValue | undefined;
}

/** How a handoff that cannot be prepared ends. */
export interface Unprepared {
  /** It is refused, which is recorded. */
  readonly refuse: Refuse;
  /** The session could not be read, of which nothing is recorded. */
  readonly unread?: (error: unknown) => void;
}

/** Reads the session, checks for loops, and lets the policy choose. */
export async function prepareHandoff(
  settings: RunnerSettings,
  attempt: Attempt,
  { refuse: recordRefusal, unread }: Unprepared,
): Promise<Prepared> {
  const { log, limits, counter, patience } = settings;
  const { address, record, signal } = attempt;
  // Tells a failure of the log from an error of the policy.
  const failures = new Set<unknown>();
  const readLog = boundRead(log, address, (read) =>
    callWithin(patience.timeoutMs, signal, "not-applied", read).catch((error: unknown) => {
      failures.add(error);
      throw error;
    }),
  );
  const unlessDown = async <Value>(step: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await step();
    } catch (error) {
      if (!settings.degrade || !failures.has(error) || !isMemoryDown(error)) throw error;
      settings.report(error, { phase: "read", session: address });
      return undefined;
    }
  };
  const refuse: Refuse = async (planned, ending) => {
    try {
      await recordRefusal(planned, ending);
      if ("error" in ending) settle(settings, ending.error, { address, handoffId: record.handoffId });
    } catch (error) {
      // The refusal itself matters more than its record.
      reportEnd(settings, attempt, error, { ...planned.record, status: ending.status });
    }
  };
  const { events: cause, messages: added } = attempt.cause;
  let before: LogSnapshot | undefined;
  try {
    before = await unlessDown(() => attempt.session.reading(() => openSnapshot(readLog)));
  } catch (error) {
    unread?.(error);
    throw error;
  }
  const incarnation = before?.incarnation;
  const snapshot = before && withAppended(before, added);
  const caused = cause.length === 0 ? {} : { cause };

  let answers: AnsweredCall | undefined;
  try {
    answers = await answersOf(snapshot, attempt.facts, unlessDown);
  } catch (error) {
    await refuse({ record, incarnation, ...caused }, { status: "failed", error });
    throw error;
  }
  let data: JsonValue | undefined;
  try {
    const { currentTurn } = attempt.session;
    const tail = snapshot?.tail.filter((event) => !isOfDeadRun(event, currentTurn)) ?? [];
    guardAgainstLoops(record, hopsOf(tail, ancestorsOf(attempt.outer)), limits);
    data = await attempt.validData();
  } catch (error) {
    await refuse({ record, incarnation, answers, ...caused }, { status: "rejected", error });
    throw error;
  }
  const { data: _given, ...facts } = attempt.facts;
  const valid = data === undefined ? facts : { ...facts, data };
  try {
    const { documents, callResult } = facts;
    const callText = typeof callResult === "string" ? callResult : handedTo(facts);
    const notice = (error: unknown): void => settings.report(error, { phase: "policy", session: address });
    const resolve = { signal, counter, documents, call: answers?.call, callText, notice };
    const context =
      snapshot === undefined
        ? undefined
        : await unlessDown(() => resolveContext(snapshot, facts.policy, valid, resolve));
    const chosen = context ?? withoutMemory(attempt);
    const { data: _data, ...plain } = record;
    return {
      context: chosen,
      data,
      planned: {
        record: { ...plain, ...(data === undefined ? {} : { data }), context: chosen.record },
        derivedFrom: chosen.derivedFrom,
        incarnation,
        answers,
        ...caused,
        ...(added.length === 0 || before === undefined ? {} : { expectedVersion: before.version }),
        ...(snapshot === undefined ? {} : { removalRevision: snapshot.removalRevision }),
        degraded: context === undefined,
      },
    };
  } catch (error) {
    const planned = { record, incarnation, answers, ...caused, ...everythingIn(before) };
    await refuse(planned, { status: "failed", error });
    throw error;
  }
}

/** An error of a policy may repeat anything that the policy was given. */
function everythingIn(
  snapshot: LogSnapshot | undefined,
): Pick<PlannedHandoff, "derivedFrom" | "removalRevision"> {
  if (snapshot === undefined || snapshot.version === 0) return {};
  const { version, removalRevision } = snapshot;
  return { derivedFrom: [{ from: 1, to: version }], removalRevision };
}

/** The call that the end will answer. When the store is down, only its id is known. */
async function answersOf(
  snapshot: LogSnapshot | undefined,
  { callId, callResult }: AdmittedRequest,
  unlessDown: <Value>(step: () => Promise<Value>) => Promise<Value | undefined>,
): Promise<AnsweredCall | undefined> {
  if (callId === undefined) return undefined;
  const call =
    snapshot === undefined ? undefined : await unlessDown(() => findTransferCall(snapshot, callId));
  return { call: call ?? { toolCallId: callId }, result: callResult };
}

/** The context when no messages could be read: document keys only. */
function withoutMemory(attempt: Attempt): ResolvedContext {
  const { documents } = attempt.facts;
  return {
    messages: Object.freeze([]),
    derivedFrom: [],
    record: { policy: "none", passed: [], dropped: [], ...(documents.length === 0 ? {} : { documents }) },
  };
}
