import {
  type CallOptions,
  type DocumentAddress,
  type DocumentStore,
  type JsonValue,
  MemoryError,
} from "@relevo/core";
import { admitInteger, admitOptionalInteger } from "@relevo/core/input";
import { signalOf } from "../signal.ts";
import { diffValues, type ValueChange } from "./diff-values.ts";
import { listPast, type PastEntry } from "./past-values.ts";

interface Versions {
  readonly from: number;
  /** The present one when left out. */
  readonly to: number | undefined;
}

/** @throws `invalid-input` for what is no version. */
export function admitVersions(from: number, to: number | undefined): Versions {
  return { from: admitInteger(from, "from", 1), to: admitOptionalInteger(to, "to", 1) };
}

/** The past values of what is there now, newest first. */
export async function listVersions(
  documents: DocumentStore,
  address: DocumentAddress,
  { limit, ...options }: CallOptions & { readonly limit: number },
): Promise<readonly PastEntry[]> {
  const current = await documents.get(address, signalOf(options));
  return listPast(documents, address, current, { limit, ...signalOf(options) });
}

/** What is different between two versions of a document; the second is the present one when left out. */
export async function diffVersions(
  documents: DocumentStore,
  address: DocumentAddress,
  { from, to }: Versions,
  { limit, ...options }: CallOptions & { readonly limit: number },
): Promise<readonly ValueChange[]> {
  const call = signalOf(options);
  const current = await documents.get(address, call);
  const past = await listPast(documents, address, current, { limit, ...call });
  const at = (version: number | undefined): JsonValue => {
    const now = version === undefined || version === current?.version ? current : undefined;
    const found = now ?? past.find((one) => one.version === version);
    if (found === undefined) throw notKept(version);
    return found.value;
  };
  return diffValues(at(from), at(to));
}

/** The past value of this version. @throws `not-found`. */
export function pastOf(past: readonly PastEntry[], version: number): PastEntry {
  const found = past.find((one) => one.version === version);
  if (found === undefined) throw notKept(version);
  return found;
}

function notKept(version: number | undefined): MemoryError {
  const message =
    version === undefined ? "There is no value." : "There is no value of this version any more.";
  return new MemoryError("not-found", message, { details: version === undefined ? {} : { version } });
}
