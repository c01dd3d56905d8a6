import type {
  CallOptions,
  HandoffHandle,
  HandoffMode,
  HandoffPriority,
  HandoffRecord,
  HandoffStart,
  JsonValue,
  Message,
  Provider,
  SeqRange,
  SessionAddress,
  SessionReference,
} from "@relevo/core";
import type { ContextFunction, ContextPolicy } from "./context/context-policy.ts";
import type { StandardSchema } from "./run/standard-schema.ts";

/** The handoff that encloses another one. */
export interface HandoffParent {
  readonly handoffId: string;
  readonly depth: number;
}

/** The data of a handoff when no schema says what it is. */
export type HandoffData = JsonValue | undefined;

/** A request to hand over from one agent to another. */
export interface HandoffRequest<Result = unknown, Data = HandoffData> {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** `normal` when left out. */
  readonly priority?: HandoffPriority | undefined;
  /**
   * `transfer`, the default, passes control on. `delegate` expects it back: the result of the call that asked for it
   * (`callId`) is then the recorded outcome, and the guard does not follow a delegation that has ended.
   */
  readonly mode?: HandoffMode | undefined;
  /** What the sender wants the receiver to know beyond the conversation; recorded, and given to the receiver. */
  readonly data?: JsonValue | undefined;
  /**
   * Checks `data` before anything else happens, also asynchronously: any Standard Schema. What it makes of the data is
   * recorded and given to the receiver; data that it does not take is refused, and the refusal recorded.
   */
  readonly schema?: StandardSchema<Data> | undefined;
  /** How long the receiver may take. After that its signal fires and the handoff ends as `timed-out`. */
  readonly timeoutMs?: number | undefined;
  /** Which messages are passed; `full()` when left out. */
  readonly policy?: ContextPolicy | ContextFunction | undefined;
  /**
   * The provider of the receiver's model: its native items are passed, and call ids that it accepts are not changed.
   * Left out, what is passed is valid for every provider.
   */
  readonly for?: Provider | undefined;
  /**
   * The message, or the messages, that caused the handoff and are not in the log yet, such as the assistant's with the
   * call that asked for it. Appended right before the start in one step; the policy chooses among them too.
   */
  readonly cause?: Message | readonly Message[] | undefined;
  /** Keys of documents that are handed over, each as `[...namespace, key]`; recorded and given to the receiver. */
  readonly documents?: readonly (readonly string[])[] | undefined;
  /**
   * The enclosing handoff. Left out, it is the one whose receiver is running in this asynchronous context; `null` for
   * none.
   */
  readonly parent?: HandoffParent | null;
  /**
   * The tool call that asked for the handoff. Its result is appended atomically with the end of the handoff, so that
   * later views show it, and the receiver sees a result that says that control was passed. Leave it out where the
   * framework answers the call.
   */
  readonly callId?: string;
  /**
   * The result of that call: a text, or a function of the end record. When left out it is the outcome of a delegation,
   * or says that control was passed, or that the handoff failed or was rejected; results of the latter two are marked as errors, whatever they say. The
   * result of a function counts as derived from what the receiver was shown, and is erased with it; a text does not.
   */
  readonly callResult?: (string | ((end: HandoffRecord) => JsonValue)) | undefined;
  /** Maps the result to what is recorded. The result itself when left out; one that is not JSON is not recorded. */
  readonly outcome?: ((result: Result) => JsonValue | undefined) | undefined;
}

/** A request with the session to record it in: an object or an address. */
export type SessionRequest<Result = unknown, Data = HandoffData> = HandoffRequest<Result, Data> & {
  readonly session: SessionReference;
};

/**
 * A handoff that a framework runs by itself, as it is to be recorded. What the receiver is shown comes from a `policy`,
 * which chooses and arranges as in `run`, or is named by `seqs` or by a whole `context`, as the framework showed it;
 * with none of them nothing is recorded of it.
 */
export interface StartRequest extends HandoffStart, Pick<HandoffRequest, "policy" | "for" | "documents"> {
  /** The messages of the log that the receiver was shown, in that order; those of `cause` come after them. */
  readonly seqs?: readonly (number | SeqRange)[] | undefined;
  /** Messages that are appended right before the start, in one step. */
  readonly cause?: Message | readonly Message[] | undefined;
  /** Checks `data` as in `run`: any Standard Schema. Data that it does not take is refused, and the refusal recorded. */
  readonly schema?: StandardSchema | undefined;
  /**
   * How long the framework may take. After that the `signal` of the handle fires, and the handoff is recorded as
   * `timed-out`; ending it later throws the same `timeout`.
   */
  readonly timeoutMs?: number | undefined;
}

/** A handoff that was started, and is ended by the framework. */
export interface StartedHandoff extends HandoffHandle {
  /** What the policy chose for the receiver; `undefined` without one. */
  readonly messages: readonly Message[] | undefined;
  /** As the `schema` made it of the data; the data itself without one. */
  readonly data: JsonValue | undefined;
  /** Fires when `timeoutMs` are over. */
  readonly signal: AbortSignal;
}

/** What the receiver of a handoff gets. Usable as `parent` of further handoffs. */
export interface HandoffInput<Data = HandoffData> extends HandoffParent {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly mode: HandoffMode;
  readonly data: Data;
  /** Exactly the messages that the record names. Frozen. */
  readonly messages: readonly Message[];
  readonly documents: readonly (readonly string[])[];
  /** True when the store was down: messages may be missing, and the handoff may not be recorded before it ends. */
  readonly degraded: boolean;
  readonly signal: AbortSignal;
  /** Hands over to a further agent within this handoff; `from` is this receiver. */
  handoff<Result, NextData = HandoffData>(
    request: Omit<HandoffRequest<Result, NextData>, "from" | "parent">,
    receiver: HandoffReceiver<Result, NextData>,
    options?: CallOptions,
  ): Promise<Result>;
  /** Ends the handoff as `rejected`, by throwing `HandoffRejected`. */
  reject(reason: string): never;
}

/** The agent that takes over. `run` returns its result. */
export type HandoffReceiver<Result, Data = HandoffData> = (
  input: HandoffInput<Data>,
) => Result | Promise<Result>;

/** What failed without failing the handoff. */
export interface HandoffProblem {
  /**
   * `read` and `start`: the store was down before the receiver ran. `end`: the end is not recorded. `outcome`: the
   * result could not be recorded, or inline messages of a framework could not, because something that they repeat was
   * removed. `sign`: a sign of life could not be given or renewed. `callback`: one of `onHandoff` failed. `policy`: a policy got less than it asked for, such as a summary, and chose without it. `observer`: an
   * observer threw. `late`: a receiver failed after its handoff was aborted or timed out.
   */
  readonly phase: "read" | "start" | "end" | "outcome" | "policy" | "sign" | "observer" | "callback" | "late";
  readonly session: SessionAddress;
  /** What is recorded, or should be. Keep it when the phase is `end`: it is stored nowhere else. */
  readonly record?: HandoffRecord;
}
