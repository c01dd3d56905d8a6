import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type EventLog, MemoryError } from "@relevo/core";

/** The methods of a log that handoffs call. */
const methods = ["append", "read", "head", "operation"] as const;

/** Serves a log on loopback, as a database does to its clients. */
export async function serveLog(log: EventLog): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(async (request, response) => {
    const { method, args } = JSON.parse(await bodyOf(request));
    try {
      const result = await Reflect.apply(log[method as (typeof methods)[number]], log, args);
      response.end(JSON.stringify({ result }));
    } catch (error) {
      const { code, message } = error as MemoryError;
      response.end(JSON.stringify({ error: { code, message } }));
    }
  });
  return await listen(server);
}

/** The log of another process. */
export function remoteLog(url: string): EventLog {
  const call = (method: string) => async (address: unknown, given: unknown, options?: object) => {
    const args = [address, withoutSignal(given), withoutSignal(options)];
    const response = await fetch(url, { method: "POST", body: JSON.stringify({ method, args }) });
    const { result, error } = (await response.json()) as { result?: unknown; error?: MemoryError };
    if (error !== undefined) throw new MemoryError(error.code, error.message);
    return result;
  };
  return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as EventLog;
}

function withoutSignal(options: unknown): unknown {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
  const { signal: _, ...rest } = options as { signal?: unknown };
  return rest;
}

export async function listen(server: Server): Promise<{ readonly url: string } & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  return (await bytesOf(request)).toString();
}

export async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
