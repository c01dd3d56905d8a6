import type { OperationRecord } from "@relevo/core";

/** An operation as scripts write it. */
export function decodeOperation(id: string, row: string): OperationRecord {
  const [incarnation = "", fingerprint = "", firstSeq, version, revision] = row.split("|");
  // Parts of an export share it.
  return Object.freeze({
    id,
    fingerprint: decodeURIComponent(fingerprint),
    result: Object.freeze({
      firstSeq: Number(firstSeq),
      version: Number(version),
      incarnation: decodeURIComponent(incarnation),
      revision: Number(revision),
    }),
  });
}

export function encodeOperation({ fingerprint, result }: OperationRecord): string {
  const { firstSeq, version, incarnation, revision } = result;
  return `${encodeURIComponent(incarnation)}|${encodeURIComponent(fingerprint)}|${firstSeq}|${version}|${revision}`;
}
