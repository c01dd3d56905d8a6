import type { SessionAddress } from "@relevo/core";
import type { Answer, Refusal } from "@relevo/core/store";
import type { Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

const ended: Refusal = Object.freeze({ refused: "ended" });
const evicted: Refusal = Object.freeze({ refused: "evicted" });
export const sealed: Refusal = Object.freeze({ refused: "sealed" });

/** The answer about a session that is not there: nothing, unless it was evicted. */
export function absent(state: StoreState, address: SessionAddress): Answer<undefined> {
  return state.endings.evictionOf(address) === undefined ? { ok: undefined } : evicted;
}

/** Why a call cannot mean what is here: the session was evicted, or another incarnation lives. */
export function refuseIncarnation(
  state: StoreState,
  address: SessionAddress,
  session: Session | undefined,
  incarnation: string | undefined,
): Refusal | undefined {
  if (session === undefined && state.endings.evictionOf(address) !== undefined) return evicted;
  return incarnation !== undefined && session?.incarnation !== incarnation ? ended : undefined;
}

/** As `refuseIncarnation`, and for sealed sessions. */
export function refuseChange(
  state: StoreState,
  address: SessionAddress,
  session: Session | undefined,
  incarnation: string | undefined,
): Refusal | undefined {
  return (
    refuseIncarnation(state, address, session, incarnation) ?? (session?.sealed === true ? sealed : undefined)
  );
}

export function refuseVersion(expected: number | undefined, current: number): Refusal | undefined {
  return expected === undefined || expected === current ? undefined : { refused: "version", current };
}
