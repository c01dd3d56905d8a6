import { defaultLimits, type SessionReference } from "@relevo/core";
import { admitSession } from "@relevo/core/input";
import type { Handoffs, SessionHandoffs } from "./handoffs.ts";
import { graphOf } from "./read/graph.ts";

/** @throws `invalid-input` for what is no session. */
export function handoffsOf(handoffs: Handoffs, session: SessionReference): SessionHandoffs {
  admitSession(session, "session", defaultLimits);
  return {
    session,
    run: (request, receiver, options) => handoffs.run({ ...request, session }, receiver, options),
    start: (handoff, options) => handoffs.start(session, handoff, options),
    chain: (options) => handoffs.chain(session, options),
    graph: async (options) => graphOf(await handoffs.chain(session, options)),
    rebuild: (handoffId, options) => handoffs.rebuild(session, handoffId, options),
    abandonStale: (options) => handoffs.abandonStale(session, options),
  };
}
