import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A server that writes down each line it gets and answers with it, a name in front. */
export interface EchoServer {
  readonly host: string;
  readonly port: number;
  readonly lines: readonly string[];
  /** Everything it has got, whole lines or not. */
  readonly received: string;
  /** How many clients have closed or lost their connection. */
  readonly gone: number;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startEchoServer(name = ""): Promise<EchoServer> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let gone = 0;
  let received = "";
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      gone += 1;
      sockets.delete(socket);
    });
    socket.on("data", (chunk) => {
      received += chunk;
    });
    readLines(socket, (line) => {
      lines.push(line);
      socket.write(`${name}${line}\n`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    lines,
    get received() {
      return received;
    },
    get gone() {
      return gone;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export interface EchoClient {
  /** Sends a line and resolves with the answer. @throws Error when the connection ends first. */
  ask(line: string): Promise<string>;
  /** Resolves with `end` or the code of the error when the connection is over. */
  readonly closed: Promise<string>;
  close(): void;
}

export async function connect({ host, port }: { host: string; port: number }): Promise<EchoClient> {
  const socket = createConnection({ host, port, noDelay: true });
  await once(socket, "connect");
  let failure = "end";
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  readLines(socket, (line) => waiting.shift()?.resolve(line));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.message;
  });
  const closed = new Promise<string>((resolve) => {
    socket.on("close", () => {
      for (const { reject } of waiting.splice(0)) reject(new Error(failure));
      resolve(failure);
    });
  });
  return {
    ask: (line) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error(failure));
        waiting.push({ resolve, reject });
        socket.write(`${line}\n`);
      }),
    closed,
    close: () => socket.destroy(),
  };
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) onLine(line);
  });
}
