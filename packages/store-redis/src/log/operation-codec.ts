import type { OperationRecord, OperationResult } from "@relevo/core";
import { corruptHead } from "../answers.ts";
import { decodeText } from "./head-codec.ts";

const pattern = /^([^|]*)\|([^|]*)\|(\d+)\|(\d+)\|(\d+)$/u;

/** An operation as scripts write it. @throws `corrupt` */
export function decodeOperation(id: string, row: string): OperationRecord {
  const parts = pattern.exec(row);
  if (parts === null) throw corruptHead();
  const [, incarnation = "", fingerprint = "", ...figures] = parts;
  // Parts of an export share it.
  return Object.freeze({
    id,
    fingerprint: decodeText(fingerprint),
    result: Object.freeze(resultOf(incarnation, figures)),
  });
}

/** The result of an operation, from the parts of its row. @throws `corrupt` */
export function resultOf(incarnation: unknown, figures: readonly unknown[]): OperationResult {
  const [firstSeq = -1, version = -1, revision = -1] = figures.map(Number);
  if (![firstSeq, version, revision].every(Number.isSafeInteger)) throw corruptHead();
  return { firstSeq, version, incarnation: decodeText(String(incarnation)), revision };
}

export function encodeOperation({ fingerprint, result }: OperationRecord): string {
  const { firstSeq, version, incarnation, revision } = result;
  return `${encodeURIComponent(incarnation)}|${encodeURIComponent(fingerprint)}|${firstSeq}|${version}|${revision}`;
}
