export type { RedisArgument, RedisClient, RedisCluster, RedisCommandOptions } from "./connection/client.ts";
export { createRedisStore, type RedisStore, type RedisStoreOptions } from "./create-redis-store.ts";
export type { Warning } from "./durability.ts";
