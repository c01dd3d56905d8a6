import type { SessionAddress } from "@relevo/core";
import type { Answer } from "@relevo/core/store";
import { answerColumns, answerOf, callFunction, type Refusable } from "../call-function.ts";
import type { StoreContext } from "../context.ts";

/** Under which conditions a session ends. */
export interface EndSessionRequest {
  readonly incarnation?: string | undefined;
  readonly fence?: number | undefined;
  readonly expected?: number | undefined;
  /** Epoch milliseconds: not when it was written to since. */
  readonly idleSince?: number | undefined;
  readonly token?: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Ends the incarnation at once and answers its generation, whose rows are removed afterwards; `undefined` when there is
 * none. The one place that calls the function: a statement is prepared by its name, so all calls pass the same arguments.
 */
export async function endSession(
  context: StoreContext,
  address: SessionAddress,
  { incarnation, fence, expected, idleSince, token, signal }: EndSessionRequest,
): Promise<Answer<string | undefined>> {
  const [row] = await callFunction<Refusable & { readonly r_generation: string }>(context, address, {
    name: "end_session",
    columns: answerColumns("r_generation"),
    given: { incarnation, fence, expected, idle_since: idleSince, token },
    effect: "once",
    signal,
  });
  return answerOf(row, ({ r_generation }) => r_generation);
}
