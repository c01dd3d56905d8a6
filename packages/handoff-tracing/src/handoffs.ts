import type { CallOptions, HandoffRecorder, SessionReference } from "@relevo/core";
import type {
  HandoffData,
  HandoffParent,
  HandoffReceiver,
  HandoffRequest,
  SessionRequest,
  StartedHandoff,
  StartRequest,
} from "./handoff-types.ts";
import type { HandoffChain } from "./read/chain.ts";
import type { HandoffGraph } from "./read/graph.ts";
import type { GraphOptions } from "./read/read-graph.ts";
import type { RebuiltContext } from "./read/rebuild-context.ts";
import type {
  AbandonedHandoff,
  AbandonOptions,
  UpkeepOptions,
  UpkeepResult,
} from "./record/abandon-stale.ts";

/** Handoffs between agents, recorded in their session's log. */
export interface Handoffs extends HandoffRecorder {
  /** Everything here, bound to a session. */
  for(session: SessionReference): SessionHandoffs;
  /**
   * Records the start of a handoff that a framework runs by itself, after the messages that caused it, in one step. When
   * others write to the session first and the context names new messages, it is prepared again, 20 times at most.
   *
   * @throws `conflict`; `invalid-input`; what the log throws; what the policy throws.
   */
  start(session: SessionReference, handoff: StartRequest, options?: CallOptions): Promise<StartedHandoff>;
  /**
   * Hands over: records the start with what is passed and what is dropped, runs the receiver, records the end, and
   * returns the result of the receiver.
   *
   * An error of the receiver is thrown unchanged after the end was recorded as `failed`, or as `rejected` for a
   * `HandoffRejected`. When the signal fires, the handoff ends as `failed` with code `aborted`, and after `timeoutMs` as
   * `timed-out`, without waiting for the receiver, whose signal fires too. Internal retries are exact: the log has one start and one end, whatever it
   * answers.
   *
   * `session` is a session object or an address. Its incarnation and fence, where known, go with each write: a session
   * that was deleted, or a turn that has lost its lease, hands nothing over.
   *
   * @throws `HandoffRefused` for a loop, a nesting that is too deep and data that its schema does not take, recorded as
   *   `rejected`; `aborted`; `timeout`; `invalid-input`; what the log throws when the start cannot be recorded. In all
   *   these cases the receiver has not run, unless it was aborted or timed out. `HandoffNotRecorded`, with the result, when only the end could not be recorded.
   */
  run<Result, Data = HandoffData>(
    request: SessionRequest<Result, Data>,
    receiver: HandoffReceiver<Result, Data>,
    options?: CallOptions,
  ): Promise<Result>;
  /** The handoff whose receiver is running in this asynchronous context. */
  current(): HandoffParent | undefined;
  /** The session's handoffs in the order they started. Reads every handoff event of the log, in pages. */
  chain(session: SessionReference, options?: CallOptions): Promise<HandoffChain>;
  /**
   * The handoffs of all sessions of a tenant, totalled by agent and by pair of agents, with the most frequent paths and
   * loops; of one session it is `for(session).graph()`. Reads every handoff event recorded in the time.
   */
  graph(tenant: string, options?: GraphOptions): Promise<HandoffGraph>;
  /**
   * Records as `abandoned` the session's handoffs whose process gives no sign of life any more, and returns those that
   * this call marked. Of several processes that do so at once one writes each mark; a handoff that ends meanwhile keeps
   * its own end. A process that was silent for longer than its sign lasts and is alive all the same gets a `conflict`
   * when it records the end. Reads every handoff event of the log.
   *
   * @throws `unsupported` when signs were given in a port that this object was not created with.
   */
  abandonStale(session: SessionReference, options?: AbandonOptions): Promise<readonly AbandonedHandoff[]>;
  /**
   * `abandonStale` for all sessions of a tenant that have handoff events since `since`, found by a scan. Call it from time
   * to time, with `next` of the call before, so that it looks at new events only.
   */
  upkeep(tenant: string, options?: UpkeepOptions): Promise<UpkeepResult>;
  /** What the receiver of a handoff was given; `undefined` when the log has no such handoff. */
  rebuild(
    session: SessionReference,
    handoffId: string,
    options?: CallOptions,
  ): Promise<RebuiltContext | undefined>;
}

/** The handoffs of one session. */
export interface SessionHandoffs {
  readonly session: SessionReference;
  run<Result, Data = HandoffData>(
    request: HandoffRequest<Result, Data>,
    receiver: HandoffReceiver<Result, Data>,
    options?: CallOptions,
  ): Promise<Result>;
  start(handoff: StartRequest, options?: CallOptions): Promise<StartedHandoff>;
  chain(options?: CallOptions): Promise<HandoffChain>;
  /** The chain, totalled by agent and by pair of agents. */
  graph(options?: CallOptions): Promise<HandoffGraph>;
  rebuild(handoffId: string, options?: CallOptions): Promise<RebuiltContext | undefined>;
  abandonStale(options?: AbandonOptions): Promise<readonly AbandonedHandoff[]>;
}
