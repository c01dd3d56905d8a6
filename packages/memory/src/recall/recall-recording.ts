import { admitFields, admitInteger, admitTtl, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { LRUCache } from "lru-cache";
import type { RecordRecallsOptions } from "./recorded-recall.ts";

const fields: FieldTable = fieldTable<RecordRecallsOptions>({ ttlMs: "refines", keep: "refines" });

/** Places that are counted at once; of one that is not counted for so long, the records have a lifetime all the same. */
const mostPlaces = 10_000;

const dayMs = 24 * 3600 * 1000;

/** How searches are recorded. */
export interface RecallRecording {
  readonly ttlMs: number;
  readonly keep: number;
  /** How many records this process has written to each place since it last looked for those that are too many. */
  readonly written: LRUCache<string, number>;
}

/** @throws `invalid-input` that names the option. */
export function admitRecording(
  given: RecordRecallsOptions | boolean | undefined,
): RecallRecording | undefined {
  if (given === undefined || given === false) return undefined;
  const field = "options.recordRecalls";
  if (given !== true && typeof given !== "object")
    throw refuse(field, "must be true, false or { ttlMs, keep }.");
  const { ttlMs, keep } = given === true ? {} : admitFields(given, field, fields);
  return {
    ttlMs: admitTtl(ttlMs, `${field}.ttlMs`) ?? 30 * dayMs,
    keep: admitInteger(keep ?? 1000, `${field}.keep`, 1, 100_000),
    written: new LRUCache({ maxSize: mostPlaces, sizeCalculation: () => 1 }),
  };
}
