import { MemoryError } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { storeMutant } from "./document-mutant.ts";
import { mendMutant } from "./mend-mutant.ts";

function isFields(part: unknown): part is object {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}

function withoutFields(part: unknown, drops: (name: string, value: unknown) => boolean): unknown {
  if (!isFields(part) || Object.getPrototypeOf(part) !== Object.prototype) return part;
  return Object.fromEntries(Object.entries(part).filter(([name, value]) => !drops(name, value)));
}

/** Stores that are too kind to options, or too strict. */
export const optionMutants: readonly Mutant[] = [
  mendMutant("unknown-options-are-dropped", "unknown-options", "unknown options are dropped", (part) =>
    withoutFields(part, (name) => name === "signla"),
  ),
  mendMutant(
    "lookalikes-of-signals-are-ignored",
    "signals-that-are-none",
    "a signal that looks like one and is none is ignored",
    (part, key) => (key === "signal" && isFields(part) && "aborted" in part ? undefined : part),
  ),
  mendMutant(
    "undefined-options-are-dropped",
    "undefined-selectors",
    "an option that is undefined counts as left out, whatever it selects",
    (part) => withoutFields(part, (_, value) => value === undefined),
  ),
  storeMutant(
    "hostile/undefined-is-never-taken",
    "hostile/undefined-refinements",
    "a limit that is undefined is refused",
    ({ log }) => ({
      log: {
        async read(address, options = {}) {
          if ("limit" in options && options.limit === undefined)
            throw new MemoryError("invalid-input", "limit must be a number.");
          return log.read(address, options);
        },
      },
    }),
  ),
];
