import type { HandoffContext, HandoffMode, HandoffPriority } from "../events.ts";
import type { JsonValue } from "../json.ts";
import type { CallOptions } from "./common.ts";
import type { SessionReference } from "./session-reference.ts";

export interface HandoffStart {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority?: HandoffPriority | undefined;
  /** `transfer` when left out. */
  readonly mode?: HandoffMode | undefined;
  readonly data?: JsonValue | undefined;
  readonly parentId?: string;
  readonly context?: HandoffContext | undefined;
  /** The incarnation and the `removalRevision` that what is passed was read at, as `read` answered them. */
  readonly incarnation?: string;
  readonly removalRevision?: number;
}

/** A handoff that is running. Ending it twice changes nothing. */
export interface HandoffHandle {
  readonly handoffId: string;
  complete(outcome?: JsonValue | undefined, options?: CallOptions): Promise<void>;
  fail(error: unknown, options?: CallOptions): Promise<void>;
  reject(reason: string, options?: CallOptions): Promise<void>;
}

/** Records the start and the end of handoffs in a session's log; what adapters of frameworks call. */
export interface HandoffRecorder {
  start(session: SessionReference, handoff: HandoffStart, options?: CallOptions): Promise<HandoffHandle>;
}
