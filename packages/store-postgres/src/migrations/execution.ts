import type { RunStatement } from "../database/clients.ts";

/** One run of the migrations, within its transaction. */
export interface Execution {
  readonly dryRun: boolean;
  /** Runs a statement that only reads, also in a dry run. */
  readonly run: RunStatement;
  /** Runs statements in order, or only keeps them in a dry run. */
  execute(statements: readonly string[]): Promise<void>;
}
