import { type Lease, MemoryError, type Store } from "@relevo/core";
import type { RemoteError, RemoteLease, Request, Response } from "./messages.ts";

/** What the module named on the command line has to export: a new store each time, over one client of this process. */
interface StoreModule {
  openStore(options: unknown): Promise<Store>;
}

const { openStore } = (await import(process.argv[2] ?? "")) as StoreModule;
const stores = new Map<number, Store>();
const leases = new Map<number, Lease>();
const running = new Map<number, AbortController>();
let nextLease = 1;

process.on("message", (request: Request) => {
  if (request.kind === "abort") running.get(request.id)?.abort();
  else void answer(request);
});
process.on("disconnect", () => process.exit(0));

async function answer(request: Exclude<Request, { kind: "abort" }>): Promise<void> {
  let response: Response;
  try {
    response = { id: request.id, result: shown(await run(request)) };
  } catch (error) {
    response = { id: request.id, error: errorOf(error) };
  } finally {
    running.delete(request.id);
  }
  process.send?.(response);
}

async function run(request: Exclude<Request, { kind: "abort" }>): Promise<unknown> {
  if (request.kind === "open") {
    stores.set(request.handle, await openStore(request.options));
    return undefined;
  }
  const owner: unknown = request.lease === undefined ? stores.get(request.handle) : leases.get(request.lease);
  const names = request.path.split(".");
  const method = names.pop() ?? "";
  const port = names.reduce((object, name) => (object as Record<string, unknown>)[name], owner);
  const call = (port as Record<string, (...all: unknown[]) => unknown>)[method];
  if (call === undefined) throw new Error(`There is no ${request.path}.`);
  const all = [...request.arguments];
  if (request.signal !== undefined) {
    const controller = new AbortController();
    if (request.signal === "fired") controller.abort();
    running.set(request.id, controller);
    all.push({ ...(all.pop() as object), signal: controller.signal });
  }
  return await call.apply(port, all);
}

/** A lease is told by its methods, which cannot be sent. */
function shown(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("renew" in result)) return result;
  const lease = result as Lease;
  leases.set(nextLease, lease);
  return { remoteLease: nextLease++, fence: lease.fence, expiresAt: lease.expiresAt } satisfies RemoteLease;
}

function errorOf(error: unknown): RemoteError {
  if (!MemoryError.isInstance(error))
    return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  const { code, message, outcome, retryable, details } = error;
  return { code, message, outcome, retryable, details };
}

process.send?.({ id: 0, result: "ready" } satisfies Response);
