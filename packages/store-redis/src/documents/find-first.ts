import type { Answer } from "@relevo/core/store";
import { answerOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { findAlone, findInSession } from "../scripts/scripts.generated.ts";
import { decodeDocument } from "./document-codec.ts";
import { type DocumentUnit, type Reading, type ReadRecord, someBytes, stateOf } from "./document-unit.ts";
import { type Candidate, type Place, range } from "./find-candidates.ts";

export interface FirstCandidates {
  readonly candidates: readonly Candidate[];
  readonly more: boolean;
  /** The documents of the first of them, by sort key. */
  readonly read: Map<string, ReadRecord>;
}

/** The first sort keys of one unit's order with the documents of at most so many; `undefined` for a session that is not there. */
export async function findFirst(
  { connection }: StoreContext,
  unit: DocumentUnit,
  { bounds, after, forward, chunk }: Place,
  records: number,
  { since, asStored }: Reading,
  signal: AbortSignal | undefined,
): Promise<Answer<FirstCandidates | undefined>> {
  const [low, high] = range("", bounds, after, forward).map(String) as [string, string];
  const values = {
    command: forward ? "ZRANGEBYLEX" : "ZREVRANGEBYLEX",
    from: forward ? low : high,
    to: forward ? high : low,
    chunk,
    records,
    most: someBytes,
    since,
  };
  return answerOf(
    unit.session === undefined
      ? await connection.script(findAlone, unit.keys, values, { signal })
      : await connection.script(findInSession, unit.keys, values, { signal }),
    ([, expiresAt, incarnation, count, ...rest]) => {
      const texts = rest as readonly string[];
      const state = stateOf(asStored ? 0 : expiresAt, incarnation);
      const sortKeys = texts.slice(0, Number(count));
      const read = new Map<string, ReadRecord>();
      for (const [index, record] of texts.slice(sortKeys.length).entries()) {
        const document = record === "" ? undefined : decodeDocument(record, state);
        read.set(sortKeys[index] ?? "", { document, bytes: Buffer.byteLength(record) });
      }
      const candidates = sortKeys.map((sortKey): Candidate => ({ sortKey, unit }));
      return { candidates, more: sortKeys.length === chunk, read };
    },
  );
}
