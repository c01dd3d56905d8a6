import type {
  CallOptions,
  HandoffPriority,
  HandoffRecord,
  JsonValue,
  Message,
  Provider,
  SessionAddress,
  SessionReference,
} from "@relevo/core";
import type { ContextFunction, ContextPolicy } from "./policies.ts";

/** The handoff that another one stands in. */
export interface HandoffParent {
  readonly handoffId: string;
  readonly depth: number;
}

/** One agent's wish to hand over to another. */
export interface HandoffRequest<Result = unknown> {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** `normal` when left out. */
  readonly priority?: HandoffPriority | undefined;
  /** What the sender wants the receiver to know beyond the conversation; recorded, and given to the receiver. */
  readonly data?: JsonValue | undefined;
  /** Which messages are passed; `full()` when left out. */
  readonly policy?: ContextPolicy | ContextFunction | undefined;
  /**
   * The provider of the receiver's model: its own native items are passed, and call ids that it takes stay as they are.
   * Left out, what is passed is valid for every provider.
   */
  readonly for?: Provider | undefined;
  /** Keys of documents that are handed over, each as `[...namespace, key]`; recorded and given to the receiver. */
  readonly documents?: readonly (readonly string[])[] | undefined;
  /**
   * The handoff that this one stands in. Left out, it is the one whose receiver is running in this asynchronous
   * context; `null` says that it stands in none.
   */
  readonly parent?: HandoffParent | null;
  /**
   * The tool call that asked for the handoff. Its result is appended with the handoff's end, in one step, so that later
   * views show it; and the receiver is told that control was passed. Leave it out where the framework answers the call.
   */
  readonly callId?: string;
  /**
   * The result of that call: a text, or a function of the handoff's end. When left out it says that control was passed,
   * or that the handoff failed or was rejected; those are marked as errors, whatever they say. What a function makes is
   * taken to repeat what the receiver was shown, and goes when that is erased; a text is taken to repeat nothing.
   */
  readonly callResult?: (string | ((end: HandoffRecord) => JsonValue)) | undefined;
  /** What of the result is recorded. The result itself when left out; one that JSON cannot carry is not recorded. */
  readonly outcome?: ((result: Result) => JsonValue | undefined) | undefined;
}

/** A request with the session that it is recorded in: its object or its address. */
export type SessionRequest<Result = unknown> = HandoffRequest<Result> & {
  readonly session: SessionReference;
};

/** What the receiver of a handoff gets. Usable as `parent` of further handoffs. */
export interface HandoffInput extends HandoffParent {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly data: JsonValue | undefined;
  /** Exactly what the record says was passed. Frozen. */
  readonly messages: readonly Message[];
  readonly documents: readonly (readonly string[])[];
  /** True when the memory was down: messages may be missing, and the handoff may not be recorded before it ends. */
  readonly degraded: boolean;
  readonly signal: AbortSignal;
  /** Hands over to a further agent within this handoff; `from` is this receiver. */
  handoff<Result>(
    request: Omit<HandoffRequest<Result>, "from" | "parent">,
    receiver: HandoffReceiver<Result>,
    options?: CallOptions,
  ): Promise<Result>;
  /** Ends the handoff as `rejected`, by throwing `HandoffRejected`. */
  reject(reason: string): never;
}

/** The agent that takes over. What it returns is what `run` returns. */
export type HandoffReceiver<Result> = (input: HandoffInput) => Result | Promise<Result>;

/** What went wrong beside the handoff itself. */
export interface HandoffProblem {
  /**
   * `read` and `start`: the memory was down before the receiver ran. `end`: the end is not recorded. `outcome`: the
   * result could not be recorded, or what a framework showed its agent could not, because something that it repeats
   * was removed. `observer`: an observer threw. `late`: a receiver failed after its handoff was aborted.
   */
  readonly phase: "read" | "start" | "end" | "outcome" | "observer" | "late";
  readonly session: SessionAddress;
  /** What is recorded, or should be: keep it when the phase is `end`, it stands nowhere else. */
  readonly record?: HandoffRecord;
}
