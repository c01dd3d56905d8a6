/**
 * The protocol of the tests' clients. Redis 5 knows RESP 2 only: `RELEVO_REDIS_SERVER=…/redis-5/redis-server
 * RELEVO_REDIS_RESP=2` runs everything on it.
 */
export const RESP = process.env.RELEVO_REDIS_RESP === "2" ? 2 : 3;
