import type { ConformanceCase } from "../../harness.ts";
import { injectionCases } from "./injection.ts";
import { lyingInputCases } from "./lying-input.ts";
import { optionCases } from "./options.ts";
import { refusedInputCases } from "./refused-input.ts";
import { twinCases } from "./twins.ts";

/** The cases of hostile input. */
export const hostileCases: readonly ConformanceCase[] = [
  ...refusedInputCases,
  ...lyingInputCases,
  ...optionCases,
  ...twinCases,
  ...injectionCases,
];
