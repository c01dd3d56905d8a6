import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { type Behaviour, type Connection, relay } from "./connection.ts";
import {
  type CutAfter,
  type CutEvery,
  type CutPlace,
  type CutPlan,
  cutAfterPlan,
  cutEveryPlan,
} from "./cut-plan.ts";

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

export interface FaultProxyOptions {
  /** The server that clients reach through the proxy. */
  readonly target: ProxyTarget;
  /** Whether a cut is a reset (RST), as when the other host has gone, which is the default, or a plain close (FIN). */
  readonly cutWith?: "reset" | "close";
}

/** A network between clients and one server that fails on command. Faults add up until they are taken back. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** The proxy's address in another one's clothes: `redis://127.0.0.1:6379/0` with the proxy's host and port. */
  url(original: string): string;
  /** How many clients are connected. */
  readonly connections: number;
  /** How many connections `cutEvery` and `cutAfter` have cut so far, by place. */
  readonly cuts: { readonly before: number; readonly after: number };

  /** Cuts every connection now. Clients may come back at once. Returns how many there were. */
  cutAll(): number;
  /** Cuts again and again until `stopCutting`, at both dangerous places unless one is named. */
  cutEvery(options: CutEvery): void;
  /** Takes `cutEvery` and what is left of `cutAfter` back. */
  stopCutting(): void;
  /** Cuts one connection at this very byte. Resolves when it has; waits for ever when the bytes never come. */
  cutAfter(options: CutAfter): Promise<void>;

  /**
   * Half-open: connections stay and new ones are accepted, but whatever is sent, by either side, is swallowed, and
   * nobody hears of a close.
   */
  stall(): void;
  /** Ends a stall. Connections that it has cost bytes, or that were opened in it, are cut; the others go on. */
  resume(): void;
  /** Holds everything back for this long in each direction, in order; 0 ends that. */
  delay(ms: number): void;
  /** Refuses new connections (ECONNREFUSED). Those that are open go on. */
  refuse(): void;
  /** Takes new connections again, on the same port. */
  accept(): Promise<void>;
  /** Sends new connections to another server. */
  retarget(target: ProxyTarget): void;

  /** Cuts everything and gives the port back. Idempotent. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Below the ports of outgoing connections, one of which could take ours between `refuse` and `accept`. */
const firstPort = 30_000;
const lastPort = 32_767;
const attempts = 100;

/**
 * Starts a proxy on a free port of 127.0.0.1, without any fault.
 *
 * @throws Error when no port is free.
 * @example
 * await using proxy = await startFaultProxy({ target: { host: "127.0.0.1", port: 6379 } });
 * void proxy.cutAfter({ direction: "response", bytes: 0 }); // the next answer is lost, what it answers is done
 */
export async function startFaultProxy({ target, cutWith = "reset" }: FaultProxyOptions): Promise<FaultProxy> {
  const open = new Set<Connection>();
  const waiting = new WeakMap<Connection, () => void>();
  const cuts = { before: 0, after: 0 };
  let current = target;
  let every: CutPlan | undefined;
  let once: { readonly plan: CutPlan; readonly done: () => void } | undefined;
  let stalled = false;
  let delayMs = 0;
  let stopped = false;

  const behaviour: Behaviour = {
    stalled: () => stalled,
    delayMs: () => delayMs,
    judge(direction, length, connection) {
      const verdict = once?.plan(direction, length, connection);
      if (verdict?.cut === undefined) return every?.(direction, length, connection) ?? { forward: length };
      const done = once?.done;
      once = undefined;
      // Told at the end of the connection, not here: with a delay the cut comes later.
      waiting.set(connection, () => done?.());
      return verdict;
    },
    onCut: (place: CutPlace) => {
      cuts[place] += 1;
    },
    onClosed(connection) {
      open.delete(connection);
      waiting.get(connection)?.();
    },
  };
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
        open.add(relay(client, stalled ? undefined : current, cutWith === "reset", behaviour));
      });
      server.once("error", reject);
      server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
    });

  let listener: Server | undefined = await listenSomewhere(listen);
  const address = listener.address();
  if (address === null || typeof address === "string")
    throw new Error("a TCP server has an address with a port");
  const { port } = address;
  const refuse = () => {
    // Closes the port at once; what it would wait for is that the connections end.
    listener?.close();
    listener = undefined;
  };
  const cutAll = () => {
    const all = [...open];
    for (const connection of all) connection.cut();
    return all.length;
  };

  const proxy: FaultProxy = {
    host: "127.0.0.1",
    port,
    url(original) {
      const url = new URL(original);
      url.hostname = "127.0.0.1";
      url.port = `${port}`;
      return url.href;
    },
    get connections() {
      return open.size;
    },
    get cuts() {
      return { ...cuts };
    },
    cutAll,
    cutEvery(options) {
      every = cutEveryPlan(options);
    },
    stopCutting() {
      every = undefined;
      once = undefined;
    },
    cutAfter: (options) =>
      new Promise((done) => {
        once = { plan: cutAfterPlan(options), done };
      }),
    stall() {
      stalled = true;
    },
    resume() {
      stalled = false;
      for (const connection of [...open]) if (connection.isBroken()) connection.cut();
    },
    delay(ms) {
      delayMs = ms;
    },
    refuse,
    async accept() {
      if (stopped) throw new Error("this proxy was stopped");
      listener ??= await listen(port);
    },
    retarget(next) {
      current = next;
    },
    async stop() {
      stopped = true;
      refuse();
      cutAll();
    },
    [Symbol.asyncDispose]: () => proxy.stop(),
  };
  return proxy;
}

async function listenSomewhere(listen: (port: number) => Promise<Server>): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listen(randomInt(firstPort, lastPort + 1));
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!taken || attempt === attempts) throw error;
    }
  }
}
