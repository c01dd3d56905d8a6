import type { JsonObject } from "../json.ts";
import type { Where } from "../where.ts";
import type { CallOptions } from "./common.ts";
import type { SearchSource } from "./search-index.ts";

export interface RecallQuery extends CallOptions {
  readonly text: string;
  readonly limit: number;
  readonly in?: readonly ("messages" | "knowledge" | "memories")[];
  readonly sessions?: readonly string[];
  readonly namespacePrefix?: readonly string[];
  readonly where?: Where;
}

/** One result, with its source and the reason for its rank. */
export interface RecallHit {
  readonly source: SearchSource;
  readonly text: string;
  readonly score: number;
  readonly metadata: JsonObject;
  readonly explain?: JsonObject;
}

/** Finds what was said or stored, best first, within one tenant. */
export interface Recall {
  search(tenant: string, query: RecallQuery): Promise<readonly RecallHit[]>;
}
