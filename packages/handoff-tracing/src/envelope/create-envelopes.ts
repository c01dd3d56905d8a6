import {
  type Clock,
  canonicalJson,
  createUuidGenerator,
  defaultLimits,
  type IdGenerator,
  type JsonObject,
  MemoryError,
  systemClock,
} from "@relevo/core";
import {
  admitFields,
  admitId,
  admitInteger,
  admitJson,
  admitOptions,
  type FieldTable,
  fieldTable,
  refuse,
  requireKnownFields,
  requireObject,
  tooLarge,
} from "@relevo/core/input";
import { admitEnvelope } from "./admit-envelope.ts";
import type { Envelope, OpenedEnvelope } from "./envelope.ts";
import { createSigner, type EnvelopeKeys, type Signature, type Signer } from "./envelope-keys.ts";
import { createReplayGuard } from "./replay-guard.ts";

export interface EnvelopesOptions {
  /** Signs envelopes, and refuses those that are not signed. Left out, nothing is signed or checked. */
  readonly keys?: EnvelopeKeys | undefined;
  /** The most bytes of an envelope as text; 262,144 when left out. */
  readonly maxBytes?: number | undefined;
  /**
   * How far the time of a signed envelope may be from ours, and for how long its id is remembered; 300,000 ms when left
   * out. A queue that may hold envelopes longer needs a longer window.
   */
  readonly windowMs?: number | undefined;
  /**
   * Whether a signed envelope may be opened again within its window. `refused` when left out; `allowed` for a queue that
   * delivers at least once, whose consumer is idempotent by the handoff's id.
   */
  readonly replays?: "refused" | "allowed" | undefined;
  /**
   * Remembers ids for all receivers together: true when the id is new, and remembered until that time. In this process
   * alone when left out.
   */
  readonly remember?: ((id: string, untilMs: number) => boolean | Promise<boolean>) | undefined;
  readonly clock?: Clock | undefined;
  readonly ids?: IdGenerator | undefined;
}

export interface Envelopes {
  /** The envelope as text, for a request's body or a queue. @throws `invalid-input`; `too-large`. */
  seal(envelope: Envelope): string;
  /**
   * Reads an envelope from anywhere.
   *
   * @throws `too-large`; `invalid-input` for what is no envelope; `unsupported` for a later version; `denied` with
   *   `details.reason` = `unsigned` | `unknown-key` | `signature` | `time` | `replay`.
   */
  open(text: string | Uint8Array): Promise<OpenedEnvelope>;
}

const fields: FieldTable = fieldTable<EnvelopesOptions>({
  keys: "refines",
  maxBytes: "refines",
  windowMs: "refines",
  replays: "refines",
  remember: "refines",
  clock: "refines",
  ids: "refines",
});
const sealedFields = new Set(["relevo", "id", "at", "body", "signature"]);
const signatureFields = new Set(["key", "mac"]);
const formatVersion = 1;

/**
 * Seals and opens envelopes: versioned JSON that carries a handoff, with its trace, to another process.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const envelopes = createEnvelopes({ keys: { current: "2026-11", keys: { "2026-11": secret } } });
 * const text = envelopes.seal({ tenant: "acme", session: "lead-123", handoff, trace: traceCarrier() });
 * ```
 */
export function createEnvelopes(given: EnvelopesOptions = {}): Envelopes {
  const options = admitOptions(given, fields);
  const { keys, replays = "refused", clock = systemClock } = options;
  const ids = options.ids ?? createUuidGenerator(clock);
  const signer = keys === undefined ? undefined : createSigner(keys);
  const maxBytes = admitInteger(options.maxBytes ?? 262_144, "maxBytes", 1);
  const windowMs = admitInteger(options.windowMs ?? 300_000, "windowMs", 1);
  if (replays !== "refused" && replays !== "allowed")
    throw refuse("replays", 'must be "refused" or "allowed".');
  const remember = options.remember ?? createReplayGuard(clock);

  return {
    seal(envelope) {
      const { value } = admitJson(envelope, "envelope", defaultLimits, maxBytes, "maxBytes");
      requireObject(value, "envelope");
      const sealed = {
        relevo: formatVersion,
        id: ids.next(),
        at: clock.now(),
        body: admitEnvelope(value as JsonObject) as unknown as JsonObject,
      };
      const signature = signer?.sign(canonicalJson(sealed));
      const text = JSON.stringify(signature === undefined ? sealed : { ...sealed, signature });
      return requireSize(text, maxBytes);
    },
    async open(text) {
      const { signature, ...sealed } = parse(text, maxBytes);
      const { id, at, body } = sealed;
      const isSigned = signer !== undefined && requireSignature(signer, sealed, signature);
      const opened = { id, at, isSigned, ...admitEnvelope(body) };
      if (isSigned) {
        const now = clock.now();
        if (Math.abs(now - at) > windowMs) throw denied("time", "was sealed too long ago, or in the future");
        // Remembered as long as the time alone would let it in again.
        if (replays === "refused" && !(await remember(id, at + windowMs)))
          throw denied("replay", "was opened before");
      }
      return opened;
    },
  };
}

interface Sealed {
  readonly relevo: number;
  readonly id: string;
  readonly at: number;
  readonly body: JsonObject;
  readonly signature?: Signature;
}

function parse(input: string | Uint8Array, maxBytes: number): Sealed {
  let json: unknown;
  // The size first: what is too large is neither decoded nor parsed.
  if (typeof input !== "string" && !(input instanceof Uint8Array))
    throw refuse("envelope", "must be a text or its bytes.");
  if (input.length > maxBytes) throw tooLarge("envelope", "maxBytes", maxBytes, input.length);
  try {
    const text = typeof input === "string" ? input : new TextDecoder("utf-8", { fatal: true }).decode(input);
    requireSize(text, maxBytes);
    json = JSON.parse(text);
  } catch (cause) {
    if (MemoryError.isInstance(cause)) throw cause;
    throw refuse("envelope", "is not JSON in UTF-8.", {}, cause);
  }
  const { value } = admitJson(json, "envelope", defaultLimits, maxBytes, "maxBytes");
  requireObject(value, "envelope");
  const { relevo, id, at, body, signature } = value as JsonObject;
  if (typeof relevo === "number" && relevo !== formatVersion)
    throw new MemoryError(
      "unsupported",
      `The envelope has version ${relevo}; this one reads ${formatVersion}.`,
    );
  requireKnownFields(value, "envelope", sealedFields);
  if (relevo !== formatVersion) throw refuse("envelope.relevo", "must be the version of the format.");
  requireObject(body, "envelope.body");
  return {
    relevo,
    id: admitId(id, "envelope.id", defaultLimits),
    at: admitInteger(at, "envelope.at", 0),
    body: body as JsonObject,
    ...(signature === undefined ? {} : { signature: admitSignature(signature) }),
  };
}

function admitSignature(given: JsonObject[string]): Signature {
  requireObject(given, "envelope.signature");
  requireKnownFields(given, "envelope.signature", signatureFields);
  const { key, mac } = admitFields(given as JsonObject, "envelope.signature", signatureTable);
  if (typeof key !== "string" || typeof mac !== "string" || mac.length > 64)
    throw refuse("envelope.signature", "must have a key and a mac.");
  return { key, mac };
}

const signatureTable: FieldTable = fieldTable<Signature>({ key: "selects", mac: "selects" });

function requireSignature(
  signer: Signer,
  sealed: Omit<Sealed, "signature">,
  signature: Signature | undefined,
): true {
  if (signature === undefined) throw denied("unsigned", "is not signed");
  const verdict = signer.verify(canonicalJson(sealed), signature);
  if (verdict === "unknown-key") throw denied("unknown-key", "is signed with a key that is not known here");
  if (verdict === "wrong") throw denied("signature", "was changed, or signed with another secret");
  return true;
}

function denied(reason: string, problem: string): MemoryError {
  return new MemoryError("denied", `The envelope ${problem}.`, { details: { reason } });
}

function requireSize(text: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw tooLarge("envelope", "maxBytes", maxBytes, bytes);
  return text;
}
