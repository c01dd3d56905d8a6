import type { IdGenerator } from "../../id-generator.ts";
import type { Limits } from "../../limits.ts";
import type { SpaceContext } from "./space/transaction.ts";

/** What the parts of a driver share. */
export interface DriverContext extends SpaceContext {
  readonly limits: Limits;
  /** Makes incarnations. */
  readonly ids: IdGenerator;
  /** Makes write tokens for steps that `createStore` does not know of. */
  readonly nextToken: () => string;
  /** The idle lifetime of sessions that are created without one. */
  readonly ttlMs: number | undefined;
}
