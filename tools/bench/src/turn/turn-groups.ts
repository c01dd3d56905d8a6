import type pg from "pg";
import { postgresTurns } from "./postgres-turns.ts";
import { processTurns } from "./process-turns.ts";
import { redisTurns } from "./redis-turns.ts";
import type { OpenPeers, TurnGroup } from "./turn-subject.ts";

/** Other libraries, by the store that they are measured beside. */
export interface Peers {
  readonly redis: OpenPeers<unknown>;
  readonly postgres: OpenPeers<pg.Pool>;
}

/** The groups by the names that `--store` takes. */
export function turnGroups(peers?: Peers): Readonly<Record<string, TurnGroup>> {
  return {
    process: processTurns,
    redis: redisTurns(peers?.redis),
    postgres: postgresTurns(peers?.postgres),
  };
}
