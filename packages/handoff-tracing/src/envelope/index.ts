export { createEnvelopes, type Envelopes, type EnvelopesOptions } from "./create-envelopes.ts";
export type { Envelope, EnvelopeHandoff, OpenedEnvelope, TraceCarrier } from "./envelope.ts";
export type { EnvelopeKeys } from "./envelope-keys.ts";
