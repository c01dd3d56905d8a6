import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** What the store may send: all of Redis 5.0 (https://redis.io/docs/latest/commands/). */
const allowed: ReadonlySet<string> = new Set(
  `APPEND CONFIG EVAL EVALSHA EXISTS GET GETRANGE HDEL HGET HGETALL HINCRBY HLEN HMGET HSET INFO LINDEX LLEN LRANGE LSET
  LTRIM PERSIST PEXPIRE PEXPIREAT PTTL RENAME RPUSH SET SETRANGE STRLEN TIME UNLINK WAIT ZADD ZCARD ZCOUNT ZLEXCOUNT ZRANGE
  ZRANGEBYLEX ZRANGEBYSCORE ZREM ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZSCORE`.split(
    /\s+/u,
  ),
);
/** Options that came later than the commands they belong to. */
const later = /'(?:KEEPTTL|PXAT|EXAT|GETDEL|BYLEX|BYSCORE|REV|GT|LT)'/u;

function sources(): readonly (readonly [name: string, text: string])[] {
  const folder = new URL("../src/", import.meta.url);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name, readFileSync(new URL(name, folder), "utf8")]);
}

describe("the commands of the store", () => {
  it("are all in Redis 5, and none goes through the key space", () => {
    const sent = new Set<string>();
    for (const [, text] of sources()) {
      for (const [, name] of text.matchAll(/\bp?call\('([A-Z]+)'/gu)) sent.add(name ?? "");
      // As the first element of an array, which is how the client is given a command.
      for (const [, name] of text.matchAll(/\[\s*"([A-Z]{3,})",/gu)) sent.add(name ?? "");
    }
    expect([...sent].filter((name) => !allowed.has(name))).toEqual([]);
    // The search itself finds something.
    for (const name of ["LINDEX", "EVALSHA", "ZRANGEBYLEX", "WAIT"]) expect(sent).toContain(name);
  });

  it("use no option that is younger", () => {
    for (const [name, text] of sources()) expect(later.exec(text)?.[0], name).toBeUndefined();
  });

  it("round no number of the clock: none is joined to text by the operator", () => {
    for (const [name, text] of sources()) {
      expect(/\.\. ?(?:now|micros|h\.expires|h\.aux)\b/u.exec(text)?.[0], name).toBeUndefined();
    }
  });
});
