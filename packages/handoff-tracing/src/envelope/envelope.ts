import type { HandoffMode, HandoffPriority, JsonValue, Message, SeqRange } from "@relevo/core";

/** W3C Trace Context and Baggage, as a carrier of text. */
export interface TraceCarrier {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly baggage?: string | undefined;
}

/** What an envelope says of the handoff that it carries. */
export interface EnvelopeHandoff {
  /** The id of the handoff in the log of the session, whose receiver runs in another process. */
  readonly handoffId: string;
  readonly depth: number;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly mode?: HandoffMode | undefined;
  readonly priority?: HandoffPriority | undefined;
  readonly data?: JsonValue | undefined;
  /** Which events of the log were passed, in the order of the receiver; it reads them there. */
  readonly passed?: readonly SeqRange[] | undefined;
  /** The messages themselves, for a receiver that cannot read the log. */
  readonly messages?: readonly Message[] | undefined;
  /** Keys of documents that were handed over, each as `[...namespace, key]`. */
  readonly documents?: readonly (readonly string[])[] | undefined;
}

/** What crosses from one process to another with a handoff. */
export interface Envelope {
  readonly tenant: string;
  readonly session: string;
  /** The incarnation of the session: a receiver that names it never writes to a later session with the same id. */
  readonly incarnation?: string | undefined;
  /** The agent whose branch of the log the receiver continues; see `agent` of an event. */
  readonly branch?: string | undefined;
  /** The version of the log that the sender saw. */
  readonly version?: number | undefined;
  readonly handoff: EnvelopeHandoff;
  readonly trace?: TraceCarrier | undefined;
}

/** An envelope that was opened, with when it was sealed. */
export interface OpenedEnvelope extends Envelope {
  /** Identifies this sealing. */
  readonly id: string;
  /** When it was sealed, in milliseconds since the epoch. */
  readonly at: number;
  /** Whether a signature was checked, and is right. */
  readonly isSigned: boolean;
}
