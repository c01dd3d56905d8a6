import type { CloseRequest, TransferRequest } from "./desk.ts";

/** What an agent decided: hand over or close. The first decision stands; a second one in the same turn is refused. */
export interface Turn {
  readonly decision: () => Decision | undefined;
  readonly decide: (decision: Decision) => boolean;
}

export type Decision =
  | { readonly kind: "transfer"; readonly transfer: TransferRequest }
  | { readonly kind: "close"; readonly close: CloseRequest };

export function createTurn(): Turn {
  let decided: Decision | undefined;
  return {
    decision: () => decided,
    decide(decision) {
      if (decided !== undefined) return false;
      decided = decision;
      return true;
    },
  };
}
