import type { JsonValue } from "@relevo/core";
import { admitOptions } from "@relevo/core/input";
import { abandonFields } from "../options.ts";
import type { OpenTurn, TurnSession } from "../session/session.ts";
import type { AbandonOptions } from "../session/session-options.ts";
import type { BegunTurn } from "./open-turn.ts";
import { turnIsOver } from "./turn-run.ts";

/** What the caller of `beginTurn` gets. `run` runs a function inside the turn. */
export function createOpenTurn(
  turn: BegunTurn,
  session: TurnSession,
  run: <Result>(work: () => Result) => Result,
): OpenTurn {
  let ended: Promise<JsonValue | undefined> | undefined;
  const { recorded, signal } = turn;
  const commit = async (result: JsonValue | undefined): Promise<JsonValue | undefined> => {
    if (recorded !== undefined) return recorded.result;
    if (turn.node.isOver) throw turnIsOver();
    const value = await turn.finish(result);
    await turn.close();
    return value;
  };
  const abandon = async (given: AbandonOptions = {}): Promise<void> => {
    const { retract, ...options } = admitOptions(given, abandonFields);
    // A commit under way decides.
    await ended?.catch(() => undefined);
    if (turn.node.isOver) return;
    try {
      if (retract === true) await turn.node.run.retractWritten(options);
    } finally {
      await turn.close();
    }
  };
  return {
    session,
    signal,
    recorded,
    run,
    commit(result) {
      // After a failure the next call tries again.
      ended ??= commit(result).catch((error) => {
        ended = undefined;
        throw error;
      });
      return ended;
    },
    abandon,
    [Symbol.asyncDispose]: () => abandon(),
  };
}
