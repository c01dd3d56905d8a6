export { dumpKeys, dumpTables } from "./dump.ts";
export { type PgbouncerOptions, type PgbouncerServer, startPgbouncer } from "./pgbouncer.ts";
export {
  type PostgresDatabases,
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
  startPrivatePostgres,
} from "./postgres.ts";
export { type RedisOptions, type RedisServer, startRedis } from "./redis.ts";
export {
  type MigrateSlotOptions,
  type RedisCluster,
  type RedisClusterNode,
  type RedisClusterOptions,
  startRedisCluster,
} from "./redis-cluster.ts";
export { connectResp, type RespClient, type RespValue } from "./resp-client.ts";
export type { ServerControl } from "./server-process.ts";
export {
  type RequireServiceOptions,
  requireService,
  type ServiceAvailability,
  type ServiceName,
  serviceAvailable,
} from "./service.ts";
