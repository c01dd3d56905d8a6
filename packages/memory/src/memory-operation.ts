import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentStore,
  fingerprint,
  type Operation,
} from "@relevo/core";
import { admitId } from "@relevo/core/input";
import type { Runtime } from "./runtime.ts";
import { operationOf } from "./session/append-events.ts";
import { signalOf } from "./signal.ts";

/** For a write that has no operation there is none. */
export interface Operated {
  readonly operation?: Operation;
}

/**
 * The operation of a write to a memory. An id means one request in one namespace: what one agent does under it is nothing to
 * another, though their documents are of one owner, whose operations stores remember together.
 */
export function memoryOperation(
  runtime: Runtime,
  namespace: readonly string[],
  operationId: string | undefined,
  request: object,
): Operated {
  if (operationId === undefined) return {};
  const id = admitId(operationId, "operationId", runtime.limits);
  const { operation } = operationOf(runtime, id, request);
  return operation === undefined
    ? {}
    : { operation: { ...operation, id: `relevo:memory:${fingerprint([...namespace, id])}` } };
}

export interface WrittenOnce<Stored> {
  readonly stored: Stored;
  /** An earlier call had made the write, or another writer has replaced it since: it is not to be followed up. */
  readonly isPast: boolean;
  /** What is there now, when the write has an operation. */
  readonly now: Document | undefined;
}

/** Performs a write, and with an operation looks whether it changed anything: a store answers a replay alike. */
export async function writeOnce<Stored extends Document | undefined>(
  documents: DocumentStore,
  address: DocumentAddress,
  { operation, ...options }: Operated & CallOptions,
  write: () => Promise<Stored>,
): Promise<WrittenOnce<Stored>> {
  if (operation === undefined) return { stored: await write(), isPast: false, now: undefined };
  const before = await documents.get(address, signalOf(options));
  const stored = await write();
  const now = await documents.get(address, signalOf(options));
  const isPast =
    stored !== undefined &&
    (now?.version !== stored.version || (before !== undefined && before.version >= stored.version));
  return { stored, isPast, now };
}
