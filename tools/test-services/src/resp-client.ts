import { createConnection, type Socket } from "node:net";

/** What Redis answers. An error inside of an array stands there as `Error`. */
export type RespValue = string | number | null | Error | readonly RespValue[];

/** One connection to one Redis server, for what a test has to ask it without a client library. */
export interface RespClient {
  /**
   * Sends one command. Texts are bytes (latin1), so that keys of any bytes pass through unchanged.
   *
   * @throws Error with the server's words; or when the connection ends or nothing comes within the deadline.
   */
  command(...args: readonly (string | number)[]): Promise<RespValue>;
  close(): void;
}

/** Ends a hang and nothing else: a busy machine may be slow. */
const hangMs = 60_000;

/** Connects to a server. @throws Error when it refuses. A command fails that is not answered within `deadlineMs`. */
export async function connectResp(
  host: string,
  port: number,
  deadlineMs: number = hangMs,
): Promise<RespClient> {
  const socket = await connect(host, port);
  const waiting: { resolve: (value: RespValue) => void; reject: (error: Error) => void }[] = [];
  let received = "";
  const fail = (error: Error) => {
    socket.destroy();
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  socket.setEncoding("latin1");
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`the connection to ${host}:${port} was closed`)));
  socket.on("data", (chunk) => {
    received += chunk;
    for (let reply = parse(received, 0); reply !== undefined; reply = parse(received, 0)) {
      received = received.slice(reply.end);
      const next = waiting.shift();
      if (reply.value instanceof Error) next?.reject(reply.value);
      else next?.resolve(reply.value);
    }
  });
  return {
    command: (...args) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          fail(new Error(`${args[0]}: no answer from ${host}:${port} within ${deadlineMs} ms`));
        }, deadlineMs);
        waiting.push({
          resolve: (value) => {
            clearTimeout(timer);
            resolve(value);
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        });
        if (socket.destroyed) fail(new Error(`the connection to ${host}:${port} was closed`));
        else socket.write(encode(args), "latin1");
      }),
    close: () => socket.destroy(),
  };
}

/** Sends one command over a connection of its own. @throws as `RespClient.command`. */
export async function sendResp(
  host: string,
  port: number,
  ...args: readonly (string | number)[]
): Promise<RespValue> {
  const client = await connectResp(host, port);
  try {
    return await client.command(...args);
  } finally {
    client.close();
  }
}

function connect(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection to ${host}:${port} within ${hangMs} ms`)),
      hangMs,
    );
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function encode(args: readonly (string | number)[]): string {
  const parts = args.map(String).map((text) => `$${text.length}\r\n${text}\r\n`);
  return `*${parts.length}\r\n${parts.join("")}`;
}

interface Parsed {
  readonly value: RespValue;
  readonly end: number;
}

/** Reads one RESP2 value, `undefined` when it has not arrived whole. */
function parse(text: string, start: number): Parsed | undefined {
  const lineEnd = text.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const line = text.slice(start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text[start]) {
    case "+":
      return { value: line, end };
    case "-":
      return { value: new Error(line), end };
    case ":":
      return { value: Number(line), end };
    case "$": {
      const length = Number(line);
      if (length < 0) return { value: null, end };
      if (text.length < end + length + 2) return undefined;
      return { value: text.slice(end, end + length), end: end + length + 2 };
    }
    case "*":
      return parseArray(text, end, Number(line));
    default:
      throw new Error(`not a RESP2 answer: ${line.slice(0, 40)}`);
  }
}

function parseArray(text: string, start: number, length: number): Parsed | undefined {
  if (length < 0) return { value: null, end: start };
  const values: RespValue[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const item = parse(text, end);
    if (item === undefined) return undefined;
    values.push(item.value);
    end = item.end;
  }
  return { value: values, end };
}
