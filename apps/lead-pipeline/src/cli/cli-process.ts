import type { Environment } from "../model/choose-model.ts";
import type { InputStream } from "./choose-input.ts";

export interface CliStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What of the process the command line uses. */
export interface CliProcess {
  readonly stdin: InputStream;
  readonly stdout: CliStream;
  readonly stderr: CliStream;
  readonly env: Environment;
  /** `stop` fires at the first interruption, `abort` at the second. */
  readonly interruption: { readonly stop: AbortSignal; readonly abort: AbortSignal };
}
