import { findRedisServer } from "./find-binary.ts";
import { type RespValue, sendResp } from "./resp-client.ts";
import { type ServerControl, startServer } from "./server-process.ts";
import { missingService } from "./service.ts";

export interface RedisOptions {
  /**
   * What survives `kill()`: nothing (`none`, the default), all but the last two seconds (`everysec`), or everything
   * that was acknowledged (`always`).
   */
  readonly persistence?: "none" | "everysec" | "always";
  /** Such as `64mb`; no limit when left out. */
  readonly maxmemory?: string;
  /** Such as `allkeys-lru`; `noeviction` when left out. */
  readonly maxmemoryPolicy?: string;
  /** Further settings of the command line, such as `["--notify-keyspace-events", "Ex"]`; they win over ours. */
  readonly args?: readonly string[];
}

/** A private Redis or Valkey on 127.0.0.1. */
export interface RedisServer extends ServerControl {
  /** `redis://127.0.0.1:PORT`, the same after `restart`. */
  readonly url: string;
  /** Sends one command over a connection of its own. @throws Error with the server's words. */
  command(...args: readonly (string | number)[]): Promise<RespValue>;
}

/**
 * Starts a private Redis on a free port, in a temporary folder, and resolves when it answers. It ends with `stop`, or
 * with this process, in whatever way that goes.
 *
 * @throws Error when there is no server program (see `requireService`), or with the server's log when it fails.
 * @example
 * await using redis = await startRedis({ persistence: "always" });
 * await redis.command("SET", "greeting", "hola");
 * await redis.kill();
 * await redis.restart();
 * await redis.command("GET", "greeting"); // "hola"
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const file = findRedisServer();
  if (file === undefined) throw missingService("redis");
  const control = await startServer({
    name: "redis-server",
    gently: false,
    command: (dir, port) => ({ file, args: redisArguments(dir, port, options) }),
    isReady: async (port, pid) => {
      // Another server's answer would pass for ours when it took the port first.
      const info = `${await sendResp("127.0.0.1", port, "INFO", "server")}`;
      return info.includes(`process_id:${pid}\r\n`) && (await sendResp("127.0.0.1", port, "PING")) === "PONG";
    },
  });
  // Assigned, not spread: a copy would keep the pid of the first start.
  return Object.assign(control, {
    url: `redis://${control.host}:${control.port}`,
    command: (...args: readonly (string | number)[]) => sendResp(control.host, control.port, ...args),
  });
}

function redisArguments(dir: string, port: number, options: RedisOptions): readonly string[] {
  const { persistence = "none", maxmemory, maxmemoryPolicy, args = [] } = options;
  return [
    ...["--bind", "127.0.0.1", "--port", `${port}`, "--dir", dir, "--daemonize", "no", "--save", ""],
    ...["--appendonly", persistence === "none" ? "no" : "yes"],
    ...(persistence === "none" ? [] : ["--appendfsync", persistence]),
    ...(maxmemory === undefined ? [] : ["--maxmemory", maxmemory]),
    ...(maxmemoryPolicy === undefined ? [] : ["--maxmemory-policy", maxmemoryPolicy]),
    ...args,
  ];
}
