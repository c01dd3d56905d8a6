import type { Provider } from "../message.ts";
import type { ViewForm } from "../ports/view-strategy.ts";
import { refuse } from "./refuse.ts";

const providers = ["openai-chat", "openai-responses", "anthropic", "gemini"] as const satisfies Provider[];
const prefills = ["refused", "continued"] as const satisfies ViewForm["prefill"][];

/** What a view is made for, with only the fields that say something. @throws `invalid-input` */
export function admitViewForm(input: ViewForm): ViewForm {
  const { for: provider, prefill } = input;
  if (provider !== undefined && !providers.includes(provider))
    throw refuse("for", `must be one of ${providers.join(", ")}.`);
  if (prefill !== undefined && !prefills.includes(prefill))
    throw refuse("prefill", `must be one of ${prefills.join(", ")}.`);
  return {
    ...(provider === undefined ? {} : { for: provider }),
    ...(prefill === undefined ? {} : { prefill }),
  };
}
