import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

export const modelMutants: readonly Mutant[] = [
  logMutant(
    "backward-window-is-off-by-one",
    "log/model",
    "a backward read with both bounds loses the event next to `after`",
    (log) => ({
      read: (address, options = {}) =>
        log.read(
          address,
          options.direction === "backward" && options.after !== undefined && options.before !== undefined
            ? { ...options, after: options.after + 1 }
            : options,
        ),
    }),
  ),
  logMutant(
    "third-incarnation-forgets",
    "log/model",
    "an append that names an ended incarnation is let in once the session was deleted twice",
    (log, parts) => ({
      delete: async (address, options) => {
        const deleted = await log.delete(address, options);
        if (deleted) parts.shared.set(address.session, Number(parts.shared.get(address.session) ?? 0) + 1);
        return deleted;
      },
      append: (address, events, options = {}) =>
        log.append(
          address,
          events,
          Number(parts.shared.get(address.session) ?? 0) > 1 ? without(options, "incarnation") : options,
        ),
    }),
  ),
];
