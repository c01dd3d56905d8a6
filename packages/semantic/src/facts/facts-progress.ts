import type {
  CallOptions,
  DocumentAddress,
  DocumentWrite,
  SessionAddress,
  SessionHead,
  Store,
} from "@relevo/core";

/** How far facts have been written of a session, by one writer. */
export interface FactsProgress {
  readonly through: number;
  /** Of the session, when facts of retracted messages were last looked for. */
  readonly removalRevision: number;
  /** Of the document; 0 when there is none. */
  readonly version: number;
}

/** Beside the facts, so that it is not found as one. */
const namespace: readonly string[] = ["relevo", "facts-progress"];

export async function readFactsProgress(
  { documents }: Pick<Store, "documents">,
  address: SessionAddress,
  writer: string,
  { incarnation, removalRevision }: SessionHead,
  call: CallOptions,
): Promise<FactsProgress> {
  const document = await documents.get(addressOf(address, writer), call);
  if (document === undefined || document.incarnation !== incarnation)
    return { through: 0, removalRevision, version: document?.version ?? 0 };
  const value = document.value as unknown as Pick<FactsProgress, "through" | "removalRevision">;
  return { ...value, version: document.version };
}

/** The write of the progress, which is refused when another process has moved it. */
export function progressWrite(
  address: SessionAddress,
  writer: string,
  { through, removalRevision, version }: FactsProgress,
): DocumentWrite {
  return {
    address: addressOf(address, writer),
    value: { through, removalRevision },
    expectedVersion: version,
  };
}

function addressOf(address: SessionAddress, writer: string): DocumentAddress {
  return { ...address, namespace, key: writer };
}
