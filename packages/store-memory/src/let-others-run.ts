import type { StoreState } from "./store-state.ts";

/** No call of a port takes more than three arguments; passing on any number of them takes measurably longer. */
type Call = (first?: unknown, second?: unknown, third?: unknown) => Promise<unknown>;

/**
 * The same calls, some of which answer only after the event loop has turned. The work itself is done when a call is
 * made, so calls stay atomic and in their order; only the answer waits.
 */
export function letOthersRun<Calls extends object>(calls: Calls, state: StoreState): Calls {
  const entries = Object.entries(calls) as readonly (readonly [string, Call])[];
  return Object.fromEntries(entries.map(([name, call]) => [name, paced(call, state)])) as Calls;
}

function paced(call: Call, state: StoreState): Call {
  return (first, second, third) => {
    const work = call(first, second, third);
    const turn = state.nextTurn();
    return turn === undefined ? work : afterTurn(work, turn);
  };
}

async function afterTurn(work: Promise<unknown>, turn: Promise<void>): Promise<unknown> {
  try {
    return await work;
  } finally {
    await turn;
  }
}
