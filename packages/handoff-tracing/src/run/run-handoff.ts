import { type CallOptions, defaultLimits, type JsonValue } from "@relevo/core";
import {
  admitJson,
  admitOptions,
  admitSession,
  anySignal,
  callKinds,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import type { HandoffReceiver, HandoffRequest, SessionRequest } from "../handoff-types.ts";
import { HandoffNotRecorded } from "../record/handoff-errors.ts";
import { orEnd } from "../record/liveness.ts";
import type { Refuse } from "../record/recorder.ts";
import type { PlannedHandoff, RunningHandoff } from "../record/running-handoff.ts";
import { admitCause } from "./admit-cause.ts";
import { admitRequest } from "./admit-request.ts";
import { type Attempt, type RunnerSettings, reportEnd } from "./attempt.ts";
import { frameOf } from "./frame.ts";
import { prepareHandoff } from "./prepare-handoff.ts";
import { type RunHandoff, receiveHandoff } from "./receive-handoff.ts";
import { validData } from "./standard-schema.ts";

const callFields: FieldTable = fieldTable<CallOptions>(callKinds);

/** Creates `run`: loop guard, context, start, receiver, end. */
export function createRunner(settings: RunnerSettings): RunHandoff {
  return async function run<Result, Data>(
    request: SessionRequest<Result, Data>,
    receiver: HandoffReceiver<Result, Data>,
    given?: CallOptions,
  ): Promise<Result> {
    // The signal is checked later, together with that of the enclosing handoff.
    const options = admitOptions(given, callFields);
    if (typeof receiver !== "function") throw refuse("receiver", "must be a function.");
    const attempt = admit(settings, request, options);
    const { signal } = attempt;
    const { recorder } = settings;
    const sign = recorder.giveSign(attempt.session, attempt.record.handoffId, { signal });
    let prepared = await orEnd(sign, () =>
      prepareHandoff(settings, attempt, {
        refuse: (planned, ending) => recorder.refuse(attempt.session, planned, ending, { signal }),
        unread: (error) => recorder.giveUp(attempt.session, attempt.record, error),
      }),
    );
    const again = async (refuse: Refuse): Promise<PlannedHandoff> => {
      prepared = await prepareHandoff(settings, attempt, { refuse });
      return prepared.planned;
    };
    const running = await recorder.start(attempt.session, prepared.planned, { signal, sign, again });
    const result = await receiveHandoff(settings, run, attempt, prepared, running, receiver);
    await finish(settings, attempt, running, result, request.outcome);
    return result;
  };
}

/** Checks the request and finds the enclosing handoff. */
function admit<Result, Data>(
  settings: RunnerSettings,
  request: SessionRequest<Result, Data>,
  options: CallOptions,
): Attempt {
  const facts = admitRequest(request);
  const { from, to, reason, priority, mode, data } = facts;
  const session = admitSession(request.session, "session", defaultLimits);
  const { address } = session;
  const around = settings.frames.getStore();
  const parent = request.parent === undefined ? around : (request.parent ?? undefined);
  const enclosing = parent === undefined ? undefined : frameOf(around, parent.handoffId);
  // The handoff is aborted with the enclosing one and counts as deeper, but a log never names handoffs of another
  // tenant.
  const outer = enclosing?.tenant === address.tenant ? enclosing : undefined;
  const isForeign = enclosing !== undefined && outer === undefined;
  const signal = anySignal(options.signal, enclosing?.signal);
  throwIfAborted(signal);
  return {
    session,
    address,
    facts,
    cause: admitCause(request.cause, { ids: settings.ids, now: settings.clock.now() }),
    validData: once(() => validData(facts.schema, data, signal)),
    record: {
      handoffId: settings.ids.next(),
      from,
      to,
      reason,
      priority,
      mode,
      ...(data === undefined ? {} : { data }),
      ...(parent === undefined || isForeign ? {} : { parentId: parent.handoffId }),
      depth: parent === undefined ? 0 : parent.depth + 1,
    },
    outer,
    signal,
  };
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let done: Promise<Result> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** Records the end of a completed handoff. */
async function finish<Result>(
  settings: RunnerSettings,
  attempt: Attempt,
  running: RunningHandoff,
  result: Result,
  map: HandoffRequest<Result>["outcome"],
): Promise<void> {
  const ending = { status: "completed", outcome: outcomeOf(settings, attempt, result, map) } as const;
  try {
    await running.end(ending);
  } catch (cause) {
    const record = running.abandon(ending);
    if (!settings.degrade) throw new HandoffNotRecorded(result, record, cause);
    reportEnd(settings, attempt, cause, record);
  }
}

function outcomeOf<Result>(
  settings: RunnerSettings,
  attempt: Attempt,
  result: Result,
  map: HandoffRequest<Result>["outcome"],
): JsonValue | undefined {
  try {
    const outcome: unknown = map === undefined ? result : map(result);
    return outcome === undefined ? undefined : admitJson(outcome, "outcome", defaultLimits).value;
  } catch (error) {
    // The work is done: a result that cannot be recorded must still be returned.
    const record = { ...attempt.record, status: "completed" } as const;
    settings.report(error, { phase: "outcome", session: attempt.address, record });
    return undefined;
  }
}
