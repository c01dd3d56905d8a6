import { createConnection, type Socket } from "node:net";
import type { CutPlace, Direction, Verdict } from "./cut-plan.ts";

/** What the proxy tells each connection to do, asked anew for everything that comes in. */
export interface Behaviour {
  /** Whether everything is swallowed right now. */
  stalled(): boolean;
  delayMs(): number;
  judge(direction: Direction, length: number, connection: Connection): Verdict;
  onCut(place: CutPlace): void;
  onClosed(connection: Connection): void;
}

/** A client's socket and the server's, with the bytes between them. */
export interface Connection {
  /** Ends both sides at once, whatever is on its way. */
  cut(): void;
  /** Whether something was swallowed, so that the rest would be another conversation. */
  isBroken(): boolean;
}

/** Connects a client to a server. Without a target the client is accepted and nobody is at the other end. */
export function relay(
  client: Socket,
  target: { readonly host: string; readonly port: number } | undefined,
  reset: boolean,
  behaviour: Behaviour,
): Connection {
  const server =
    target === undefined ? undefined : createConnection({ ...target, noDelay: true, allowHalfOpen: true });
  let broken = target === undefined;
  let doomed = false;
  let over = false;
  const cut = () => {
    if (over) return;
    over = true;
    for (const socket of [client, server]) {
      if (reset) socket?.resetAndDestroy();
      else socket?.destroy();
    }
    behaviour.onClosed(connection);
  };
  const connection: Connection = { cut, isBroken: () => broken };

  const pass = (direction: Direction, from: Socket, to: Socket | undefined) => {
    const queue = createQueue(() => behaviour.delayMs());
    const stalledNow = () => to === undefined || behaviour.stalled();
    from.on("data", (chunk: Buffer) => {
      // What comes in behind the last byte that passes must not slip through while that is being written.
      if (doomed) return;
      if (stalledNow()) {
        broken = true;
        return;
      }
      const { forward, cut: place } = behaviour.judge(direction, chunk.length, connection);
      doomed = place !== undefined;
      const passing = chunk.subarray(0, forward);
      queue(() => {
        if (over || to === undefined) return;
        if (place !== undefined) {
          behaviour.onCut(place);
          if (passing.length === 0) cut();
          else to.write(passing, cut);
          return;
        }
        // Whoever reads slowly slows the other side down, as without a proxy.
        if (!to.write(passing)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
    });
    // A stalled network tells nobody that the other side has gone.
    const unlessStalled = (then: () => void) => () => {
      if (stalledNow()) broken = true;
      else then();
    };
    from.on(
      "end",
      unlessStalled(() => queue(() => void to?.end())),
    );
    from.on("error", unlessStalled(cut));
    from.on(
      "close",
      unlessStalled(() => queue(cut)),
    );
  };
  pass("request", client, server);
  if (server !== undefined) pass("response", server, client);
  return connection;
}

/** Runs tasks in order, each no sooner than the delay after it was given. */
function createQueue(delayMs: () => number): (task: () => void) => void {
  let last: Promise<void> | undefined;
  return (task) => {
    const delay = delayMs();
    if (delay === 0 && last === undefined) {
      task();
      return;
    }
    const due = performance.now() + delay;
    const mine = (last ?? Promise.resolve()).then(async () => {
      // Timers fire up to a millisecond early.
      for (let rest = delay; rest > 0; rest = due - performance.now()) {
        await new Promise((resolve) => setTimeout(resolve, rest));
      }
      task();
      if (last === mine) last = undefined;
    });
    last = mine;
  };
}
