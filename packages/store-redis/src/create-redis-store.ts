import type {
  CallOptions,
  ChangeFeed,
  DocumentStore,
  DocumentTransfer,
  EventLog,
  EventTransfer,
  IdGenerator,
  Leases,
  LimitOverrides,
  Maintenance,
  Store,
} from "@relevo/core";
import { createUuidGenerator, systemClock } from "@relevo/core";
import {
  admitCall,
  admitFields,
  type FieldTable,
  fieldTable,
  refuse,
  requireObject,
  resolveLimits,
} from "@relevo/core/input";
import { createStore } from "@relevo/core/store";
import { LRUCache } from "lru-cache";
import type { RedisClient, RedisCluster } from "./connection/client.ts";
import { Connection } from "./connection/connection.ts";
import type { StoreContext } from "./context.ts";
import { createDocumentDriver } from "./documents/document-driver.ts";
import { readSettings, type Warning, warningsOf } from "./durability.ts";
import { createFeedDriver } from "./feed-driver.ts";
import { createKeys } from "./keys.ts";
import { createLeaseDriver } from "./lease-driver.ts";
import { createLogDriver } from "./log/log-driver.ts";
import { createScanDriver } from "./log/scan-driver.ts";
import { createTransferDriver } from "./log/transfer-driver.ts";
import { createMaintenanceDriver } from "./maintenance-driver.ts";
import { createTenantRegistry } from "./tenant-registry.ts";

export interface RedisStoreOptions {
  /** Made by node-redis `createClient()` or `createCluster()`, connected; whoever made it closes it. */
  readonly client: RedisClient | RedisCluster;
  /** What every key begins with; without braces and colons. `relevo` when left out. */
  readonly prefix?: string;
  /** Idle lifetime of new sessions that are given none of their own; for ever when left out. In milliseconds. */
  readonly ttlMs?: number | undefined;
  /** `sliding` begins the lifetime again with each write, `fixed` does not. `sliding` when left out. */
  readonly expiry?: "sliding" | "fixed" | undefined;
  /** When each call ends at the latest, whatever the connection does. 5,000 when left out. */
  readonly deadlineMs?: number | undefined;
  /**
   * How many replicas must have taken a write before it is acknowledged (WAIT); 0 when left out. It narrows what a
   * failover can lose; it does not close it, since replication is asynchronous.
   */
  readonly minReplicas?: number | undefined;
  /** Bounds on input, in place of core's defaults. */
  readonly limits?: LimitOverrides | undefined;
  /** For incarnations; UUIDv7 when left out. */
  readonly ids?: IdGenerator | undefined;
}

/** The store on Redis, with what only it has. Search is not among it: Redis without modules has none. */
export interface RedisStore extends Store {
  readonly log: EventLog & EventTransfer;
  readonly documents: DocumentStore & DocumentTransfer;
  readonly leases: Leases;
  readonly feed: ChangeFeed;
  readonly maintenance: Maintenance;
  /** What an operator should change about the server, such as an eviction policy that throws history away. */
  check(options?: CallOptions): Promise<readonly Warning[]>;
}

const deepest = 900;

const fields: FieldTable = fieldTable<RedisStoreOptions>({
  client: "selects",
  prefix: "selects",
  ttlMs: "refines",
  expiry: "refines",
  deadlineMs: "refines",
  minReplicas: "refines",
  limits: "refines",
  ids: "refines",
});

/**
 * A store on Redis 5 or newer, Valkey or a Cluster, without modules, shared by many processes. Connects to nothing by
 * itself. Time is the server's: clocks of clients do not matter.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const client = await createClient({ url: "redis://127.0.0.1:6379" }).connect();
 * await using store = createRedisStore({ client, ttlMs: 3_600_000 });
 * ```
 */
export function createRedisStore(given: RedisStoreOptions): RedisStore {
  const options = admitFields(given, "options", fields);
  const { client, prefix = "relevo", expiry = "sliding", deadlineMs = 5000, minReplicas = 0 } = options;
  requireObject(client, "options.client");
  if (typeof client.sendCommand !== "function")
    throw refuse("options.client", "must be a client of node-redis, by createClient() or createCluster().");
  if (typeof prefix !== "string" || !/^[^{}:\s]{1,64}$/u.test(prefix))
    throw refuse("options.prefix", "must have 1 to 64 characters, and no brace, colon or space.");
  if (expiry !== "sliding" && expiry !== "fixed")
    throw refuse("options.expiry", 'must be "sliding" or "fixed".');
  const connection = new Connection(client, {
    deadlineMs: whole(deadlineMs, "deadlineMs", 1),
    minReplicas: whole(minReplicas, "minReplicas", 0),
  });
  const limits = resolveLimits(options.limits);
  // Redis' own JSON reader, which an erasure goes through, takes 1,000 levels, and an event adds some to its body's.
  if (limits.depth > deepest) throw refuse("options.limits.depth", `must be at most ${deepest} on Redis.`);
  const keys = createKeys(prefix);
  const context: StoreContext = {
    connection,
    keys,
    sessionKeys: ({ tenant, session }) => keys.session(tenant, session),
    limits,
    ids: options.ids ?? createUuidGenerator(systemClock),
    ttlMs: options.ttlMs === undefined ? undefined : whole(options.ttlMs, "ttlMs", 1),
    fixedExpiry: expiry === "fixed",
    tenants: createTenantRegistry(connection, keys),
    seen: new LRUCache({ maxSize: 10_000, sizeCalculation: () => 1 }),
  };
  const store = createStore({
    limits,
    log: createLogDriver(context),
    documents: createDocumentDriver(context),
    transfer: createTransferDriver(context),
    scan: createScanDriver(context),
    feed: createFeedDriver(context),
    leases: createLeaseDriver(context),
    maintenance: createMaintenanceDriver(context),
    close: () => connection.close(),
  });
  return {
    ...store,
    async check(callOptions?: CallOptions) {
      connection.requireOpen();
      return warningsOf(await readSettings(connection, admitCall(callOptions).signal));
    },
  };
}

function whole(value: number, name: string, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw refuse(`options.${name}`, `must be a whole number, ${least} or more.`);
  return value;
}
