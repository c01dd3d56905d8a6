import { admitChoice } from "@relevo/core/input";

export interface HandoffConventionOptions {
  /**
   * `relevo`: handoffs are spans of our own schema, `relevo.handoff`, which is stable. `experimental-handoffs`: they are
   * `execute_tool` spans with `gen_ai.transfer.*`, as a proposal to the conventions has it that may still change, with
   * our attributes too. Left out, `experimental-handoffs` if the environment variable `OTEL_SEMCONV_STABILITY_OPT_IN`
   * lists `gen_ai_latest_experimental`, and `relevo` otherwise.
   */
  readonly semconv?: "relevo" | "experimental-handoffs" | undefined;
}

/** Whether handoffs follow the proposal. @throws `invalid-input`. */
export function usesProposal(
  given: HandoffConventionOptions["semconv"],
  environment: { readonly [name: string]: string | undefined },
): boolean {
  const optedIn = (environment.OTEL_SEMCONV_STABILITY_OPT_IN ?? "")
    .split(",")
    .some((value) => value.trim() === "gen_ai_latest_experimental");
  const fallback = optedIn ? "experimental-handoffs" : "relevo";
  const chosen = admitChoice(given, "semconv", ["relevo", "experimental-handoffs"], fallback);
  return chosen === "experimental-handoffs";
}
