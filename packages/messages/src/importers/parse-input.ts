import { defaultLimits, type JsonValue } from "@relevo/core";
import { admitJson } from "@relevo/core/input";

/**
 * The input of a call that a provider gives as JSON text. A text that is no JSON, or that JSON values here cannot hold
 * (a model may write anything), stays a text. `exact` is false when numbers in it lost digits.
 */
export function parseInput(text: string): { readonly input: JsonValue; readonly exact: boolean } {
  if (text.trim() === "") return { input: {}, exact: true };
  try {
    const input = admitJson(JSON.parse(text), "input", defaultLimits).value;
    // 16 digits may be more than a number holds exactly.
    return { input, exact: !/\d{16}|\d\.\d{15}/.test(text) };
  } catch {
    return { input: text, exact: true };
  }
}
