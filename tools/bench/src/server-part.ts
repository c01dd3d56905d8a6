import type { FloorClient } from "./redis-server.ts";

/** Both clients send one object of arguments for each call. */
type Sender = { sendCommand(args: readonly unknown[], options?: object): Promise<unknown> };

const operationId = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}-\d+$/u;
let count = 0;

/** A new operation in place of the one that was sent, or it would be answered as a retry. */
function renewed(values: readonly unknown[]): unknown[] {
  return values.map((value) =>
    typeof value === "string" && operationId.test(value) ? `again-${count++}` : value,
  );
}

/**
 * What a call of the store sends, sent again and again: what it costs without admission, fingerprint, encoding and
 * deadline, which are the store's own part in this process.
 */
export async function redisPart(
  client: FloorClient,
  call: () => Promise<unknown>,
): Promise<() => Promise<unknown>> {
  const sender = client as unknown as Sender;
  const send = sender.sendCommand;
  let sent: readonly unknown[] = [];
  sender.sendCommand = (args, options) => {
    sent = args;
    return send.call(client, args, options);
  };
  try {
    await call();
  } finally {
    sender.sendCommand = send;
  }
  return () => send.call(client, renewed(sent));
}

interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** As `redisPart`, for the only connection of a pool. */
export async function postgresPart(
  pool: {
    connect(): Promise<{ query(query: Query): Promise<unknown>; release(): void }>;
    query(query: Query): Promise<unknown>;
  },
  call: () => Promise<unknown>,
): Promise<() => Promise<unknown>> {
  const client = await pool.connect();
  const query = client.query;
  let sent: Query = { text: "" };
  client.query = (asked) => {
    sent = asked;
    return query.call(client, asked);
  };
  client.release();
  try {
    await call();
  } finally {
    client.query = query;
  }
  return () => pool.query({ ...sent, values: renewed(sent.values ?? []) });
}
