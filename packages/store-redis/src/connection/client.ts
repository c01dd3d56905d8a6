/** An argument as it travels: text as UTF-8, or bytes. */
export type RedisArgument = string | Buffer;

/**
 * What the client asks of a signal. An `AbortSignal` would do; making one, listening to it and letting go of it is a tenth of
 * the processor time of a turn.
 */
export interface CommandSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** What the store passes with a command. */
export interface RedisCommandOptions {
  /** Takes a command that was not sent yet out of the client's queue. */
  readonly abortSignal?: CommandSignal;
  /** Milliseconds after which the client gives up what it has not sent; 0 leaves that to `abortSignal`. */
  readonly timeout?: number;
}

/** One server, by node-redis `createClient()`. What the store calls of it. */
export interface RedisClient {
  sendCommand(args: readonly RedisArgument[], options?: RedisCommandOptions): Promise<unknown>;
}

/** A Cluster, by node-redis `createCluster()`. What the store calls of it. */
export interface RedisCluster {
  readonly masters: readonly object[];
  nodeClient(node: object): Promise<RedisClient>;
  /** The master of a key; node-redis 6 has it. */
  getNodeClientForKey?(key: RedisArgument): Promise<RedisClient>;
  sendCommand(
    firstKey: RedisArgument | undefined,
    isReadonly: boolean | undefined,
    args: RedisArgument[],
    options?: RedisCommandOptions,
  ): Promise<unknown>;
}

/** One way to send a command, whatever the client is. `key` says which master answers in a Cluster. */
export type Send = (
  key: RedisArgument,
  args: readonly RedisArgument[],
  signal: CommandSignal,
) => Promise<unknown>;

/** Commands always go to masters: a replica may be behind, and a read of it no prefix of a later one. */
export function senderOf(client: RedisClient | RedisCluster): Send {
  if (isCluster(client)) {
    return (key, args, signal) => client.sendCommand(key, false, [...args], optionsOf(signal));
  }
  return (_key, args, signal) => client.sendCommand(args, optionsOf(signal));
}

/**
 * The way to the node that a key lives on, for commands that node-redis sends to all nodes: what another node lacks is
 * no concern of this key.
 */
export function nodeSenderOf(client: RedisClient | RedisCluster): Send {
  if (!isCluster(client) || client.getNodeClientForKey === undefined) return senderOf(client);
  return async (key, args, signal) => {
    const node = await client.getNodeClientForKey?.(key);
    return await node?.sendCommand(args, optionsOf(signal));
  };
}

/** Asks every master. */
export async function sendToMasters(
  client: RedisClient | RedisCluster,
  args: readonly RedisArgument[],
  signal: CommandSignal,
): Promise<readonly unknown[]> {
  const nodes = isCluster(client)
    ? await Promise.all(client.masters.map((node) => client.nodeClient(node)))
    : [client];
  return await Promise.all(nodes.map((node) => node.sendCommand(args, optionsOf(signal))));
}

/** The signal is the one deadline: the client's own, of five seconds by default, would cut a longer one short. */
function optionsOf(signal: CommandSignal): RedisCommandOptions {
  return { abortSignal: signal, timeout: 0 };
}

export function isCluster(client: RedisClient | RedisCluster): client is RedisCluster {
  return "masters" in client;
}
