import { createServer, type Socket } from "node:net";

/** What the server does about one message of a client: `undefined` stays silent, `"close"` ends the connection. */
export type Answer = Buffer | "close" | undefined;

export interface FakeServerOptions {
  /** Answers the startup of the connection with this number, from 1 on. */
  readonly onStartup: (connection: number) => Answer;
  /** Answers each later message, by its type (such as `Q`) and its text up to the first NUL. */
  readonly onMessage: (type: string, text: string, connection: number) => Answer;
}

export interface FakeServer extends AsyncDisposable {
  readonly port: number;
  /** How many connections it has taken. */
  readonly connections: () => number;
}

/**
 * Speaks just enough of PostgreSQL's protocol to say the wrong thing at an exact moment: what is in one `Buffer` is
 * written in one packet, which no real server can be made to do on purpose.
 */
export async function startFakeServer({ onStartup, onMessage }: FakeServerOptions): Promise<FakeServer> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = ++count;
    let received = Buffer.alloc(0);
    let started = false;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        // The first message has a length and no type.
        const lengthAt = started ? 1 : 0;
        if (received.length < lengthAt + 4) return;
        const end = lengthAt + received.readInt32BE(lengthAt);
        if (received.length < end) return;
        const message = received.subarray(0, end);
        received = received.subarray(end);
        const answer = started
          ? onMessage(String.fromCharCode(message[0] ?? 0), textOf(message), connection)
          : onStartup(connection);
        started = true;
        if (answer === "close") socket.end();
        else if (answer !== undefined) socket.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the fake server has no port");
  return {
    port: address.port,
    connections: () => count,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function textOf(message: Buffer): string {
  const end = message.indexOf(0, 5);
  return message.toString("utf8", 5, end < 0 ? message.length : end);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export const authenticationOk = message("R", Buffer.alloc(4));

/** `I` idle, `T` in a transaction, `E` in one that has failed. */
export const readyForQuery = (status: "I" | "T" | "E" = "I"): Buffer => message("Z", Buffer.from(status));

export const commandComplete = (tag: string): Buffer => message("C", Buffer.from(`${tag}\0`));

export const errorResponse = (severity: "ERROR" | "FATAL", code: string, text: string): Buffer =>
  message("E", Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${text}\0\0`));

/** How a server tells a connection that an administrator has ended it. */
export const terminated = errorResponse(
  "FATAL",
  "57P01",
  "terminating connection due to administrator command",
);
