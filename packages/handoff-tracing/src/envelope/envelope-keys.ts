import { createHmac, timingSafeEqual } from "node:crypto";
import { refuse } from "@relevo/core/input";

/** Keys of a shared secret. New envelopes are signed with `current`; those signed with any of `keys` are accepted. */
export interface EnvelopeKeys {
  readonly current: string;
  /** Secrets by key id, of at least 32 bytes each. A new key goes to all receivers before it becomes the current one. */
  readonly keys: { readonly [id: string]: string | Uint8Array };
}

export interface Signature {
  readonly key: string;
  readonly mac: string;
}

export interface Signer {
  sign(text: string): Signature;
  /** Whether the signature is one of ours. Takes the same time for every wrong one of a known key. */
  verify(text: string, signature: Signature): "valid" | "wrong" | "unknown-key";
}

/** @throws `invalid-input` for a secret that is too short, and for a current key that there is none of. */
export function createSigner({ current, keys }: EnvelopeKeys): Signer {
  const secrets = new Map(Object.entries(keys).map(([id, secret]) => [id, secretOf(id, secret)]));
  if (!secrets.has(current)) throw refuse("keys.current", "must be the id of one of the keys.");
  const macOf = (id: string, text: string): string | undefined => {
    const secret = secrets.get(id);
    // The id is signed too: a signature never passes under the name of another key.
    return secret === undefined
      ? undefined
      : createHmac("sha256", secret).update(`relevo-envelope-1\n${id}\n`).update(text).digest("base64url");
  };
  return {
    sign: (text) => ({ key: current, mac: macOf(current, text) ?? "" }),
    verify(text, { key, mac }) {
      const wanted = macOf(key, text);
      if (wanted === undefined) return "unknown-key";
      // As texts: a decoder passes over characters that are none of its own, and one envelope would have many forms.
      const [expected, given] = [Buffer.from(wanted), Buffer.from(mac)];
      // Buffers of other lengths cannot be compared in constant time; the length is no secret.
      return given.length === expected.length && timingSafeEqual(given, expected) ? "valid" : "wrong";
    },
  };
}

function secretOf(id: string, secret: string | Uint8Array): Buffer {
  const bytes = typeof secret === "string" ? Buffer.from(secret) : Buffer.from(secret);
  if (bytes.length < 32) throw refuse(`keys.keys.${id}`, "must have at least 32 bytes.");
  return bytes;
}
