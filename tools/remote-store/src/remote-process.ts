import { type ChildProcess, fork } from "node:child_process";
import { type CallOptions, type JsonValue, type Lease, MemoryError, type Store } from "@relevo/core";
import type { RemoteError, RemoteLease, Request, Response } from "./messages.ts";

/** A process of its own that opens stores and answers their calls. */
export interface RemoteProcess extends AsyncDisposable {
  readonly pid: number;
  /** A new store in that process, with the limits and the shape of this one; `options` go to its `openStore`. */
  open(like: Store, options?: JsonValue): Promise<Store>;
  /** `SIGKILL`, in the middle of whatever it does. Calls that wait end with `unavailable` and `unknown`. */
  kill(): Promise<void>;
}

/** The options of a call stand last; nothing else has these methods. */
function isSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal;
}

/**
 * Starts a process with the module at this address, which exports `openStore(options)`. What passes between the two is
 * cloned: both have their own clients, caches and queues, as two instances of an application have.
 */
export async function startRemoteProcess(
  module: URL,
  environment: Readonly<Record<string, string>> = {},
): Promise<RemoteProcess> {
  const child = fork(new URL("./remote-child.js", import.meta.url), [module.href], {
    serialization: "advanced",
    env: { ...process.env, ...environment },
    execArgv: [],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let nextId = 1;
  let nextHandle = 1;
  const ready = Promise.withResolvers<unknown>();
  waiting.set(0, ready);
  child.on("message", (response: Response) => {
    const call = waiting.get(response.id);
    waiting.delete(response.id);
    if ("error" in response) call?.reject(rebuild(response.error));
    else call?.resolve(response.result);
  });
  child.once("exit", () => {
    for (const call of waiting.values()) {
      call.reject(
        new MemoryError("unavailable", "The process of the store has ended.", { outcome: "unknown" }),
      );
    }
    waiting.clear();
  });
  await ready.promise;

  async function send(request: Request, signal?: AbortSignal): Promise<unknown> {
    const call = Promise.withResolvers<unknown>();
    waiting.set(request.id, call);
    const onAbort = (): void => void child.send({ kind: "abort", id: request.id } satisfies Request);
    try {
      child.send(request);
      signal?.addEventListener("abort", onAbort, { once: true });
      return await call.promise;
    } finally {
      waiting.delete(request.id);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async function call(
    handle: number,
    path: string,
    all: readonly unknown[],
    lease?: number,
  ): Promise<unknown> {
    const options = all.at(-1) as CallOptions | undefined;
    const signal =
      typeof options === "object" && options !== null && isSignal(options.signal)
        ? options.signal
        : undefined;
    const { signal: _signal, ...rest } = signal === undefined ? {} : (options as CallOptions);
    const result = await send(
      {
        kind: "call",
        id: nextId++,
        handle,
        path,
        ...(lease === undefined ? {} : { lease }),
        arguments: signal === undefined ? all : [...all.slice(0, -1), rest],
        ...(signal === undefined ? {} : { signal: signal.aborted ? "fired" : "quiet" }),
      },
      signal,
    );
    return isRemoteLease(result) ? leaseOf(handle, result) : result;
  }

  function leaseOf(handle: number, { remoteLease, fence, expiresAt }: RemoteLease): Lease {
    return {
      fence,
      expiresAt,
      renew: async (...all) => (await call(handle, "renew", all, remoteLease)) as Lease,
      release: async (...all) => void (await call(handle, "release", all, remoteLease)),
    };
  }

  /** Every method of a port, sent on. */
  function portOf<Port extends object>(handle: number, name: string, like: Port): Port {
    const methods = Object.entries(like).map(([method, member]) => [
      method,
      typeof member === "function"
        ? (...all: unknown[]) => call(handle, name === "" ? method : `${name}.${method}`, all)
        : member,
    ]);
    return Object.fromEntries(methods) as Port;
  }

  return {
    pid: child.pid ?? 0,
    async open(like, options) {
      const handle = nextHandle++;
      await send({ kind: "open", id: nextId++, handle, options });
      const close = async (): Promise<void> => void (await call(handle, "close", []));
      return {
        limits: like.limits,
        log: portOf(handle, "log", like.log),
        documents: portOf(handle, "documents", like.documents),
        ...(like.leases === undefined ? {} : { leases: portOf(handle, "leases", like.leases) }),
        ...(like.feed === undefined ? {} : { feed: portOf(handle, "feed", like.feed) }),
        ...(like.maintenance === undefined
          ? {}
          : { maintenance: portOf(handle, "maintenance", like.maintenance) }),
        // A reading is lent to a function, which cannot be sent: the other process writes, and this one reads.
        ...(like.search === undefined
          ? {}
          : { search: { ...portOf(handle, "search", like.search), read: like.search.read } }),
        close,
        [Symbol.asyncDispose]: close,
      };
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    async [Symbol.asyncDispose]() {
      await end(child, ended);
    },
  };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  await ended;
}

function isRemoteLease(value: unknown): value is RemoteLease {
  return typeof value === "object" && value !== null && "remoteLease" in value;
}

function rebuild({ code, message, outcome, retryable, details }: RemoteError): Error {
  if (code === undefined) return new Error(`In the other process: ${message}`);
  return new MemoryError(code, message, {
    ...(outcome === undefined ? {} : { outcome }),
    ...(retryable === undefined ? {} : { retryable }),
    ...(details === undefined ? {} : { details }),
  });
}
