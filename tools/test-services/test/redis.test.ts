import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connectResp, requireService, startRedis } from "../src/index.ts";
import { isAlive, processTree } from "../src/process-tree.ts";

describe.skipIf(!requireService("redis"))("startRedis", () => {
  it("starts a server that answers, and leaves no process and no folder", async () => {
    const redis = await startRedis();
    const { pid, dir } = redis;
    expect(await redis.command("PING")).toBe("PONG");
    expect(isAlive(pid)).toBe(true);
    expect(existsSync(dir)).toBe(true);

    await redis.stop();
    await redis.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(dir)).toBe(false);
    await expect(redis.restart()).rejects.toThrow("was stopped");
  });

  it("comes back on the same port after a kill, with what its persistence keeps", async () => {
    await using durable = await startRedis({ persistence: "always" });
    await using volatile = await startRedis();
    for (const redis of [durable, volatile]) {
      const { pid, url } = redis;
      await redis.command("SET", "greeting", "hola");
      await redis.kill();
      expect(redis.pid).toBe(0);
      expect(isAlive(pid)).toBe(false);
      await expect(redis.command("PING")).rejects.toThrow("ECONNREFUSED");
      await redis.restart();
      expect(redis.url).toBe(url);
      expect(redis.pid).not.toBe(pid);
    }
    expect(await durable.command("GET", "greeting")).toBe("hola");
    expect(await volatile.command("GET", "greeting")).toBeNull();
  });

  it("keeps connections open while it is paused, and answers when it goes on", async () => {
    await using redis = await startRedis();
    const client = await connectResp(redis.host, redis.port);
    expect(await client.command("PING")).toBe("PONG");
    redis.pause();
    let answered = false;
    const answer = client.command("ECHO", "late").finally(() => {
      answered = true;
    });
    // The system completes connections of a stopped server, which is what makes this fault worse than a dead one.
    const silent = await connectResp(redis.host, redis.port, 100);
    await expect(silent.command("PING")).rejects.toThrow("no answer");
    expect(answered).toBe(false);
    redis.resume();
    expect(await answer).toBe("late");
    client.close();
  });

  it("runs two at once on ports and folders of their own, and stops a paused one", async () => {
    const [one, other] = await Promise.all([startRedis(), startRedis()]);
    expect(one.port).not.toBe(other.port);
    expect(one.dir).not.toBe(other.dir);
    await one.command("SET", "key", "one");
    expect(await other.command("GET", "key")).toBeNull();

    const { pid } = other;
    other.pause();
    await Promise.all([one.stop(), other.stop()]);
    expect(isAlive(pid)).toBe(false);
  });

  it("stops although its watchdog was killed", async () => {
    const before = new Set(processTree(process.pid));
    const redis = await startRedis();
    const { pid, dir } = redis;
    const [watchdog, ...others] = processTree(process.pid).filter(
      (child) => !before.has(child) && child !== pid,
    );
    if (watchdog === undefined || others.length > 0)
      throw new Error("expected one process beside the server");
    process.kill(watchdog, "SIGKILL");
    await redis.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(dir)).toBe(false);
  });

  it("takes settings, and says what the server said when it refuses them", async () => {
    await using redis = await startRedis({
      maxmemory: "32mb",
      maxmemoryPolicy: "allkeys-lru",
      args: ["--hz", "50"],
    });
    expect(await redis.command("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", `${32 * 2 ** 20}`]);
    expect(await redis.command("CONFIG", "GET", "maxmemory-policy")).toEqual([
      "maxmemory-policy",
      "allkeys-lru",
    ]);
    expect(await redis.command("CONFIG", "GET", "hz")).toEqual(["hz", "50"]);
    await expect(startRedis({ args: ["--no-such-setting", "1"] })).rejects.toThrow("no-such-setting");
  });

  it("carries keys of any bytes, nested answers and errors", async () => {
    await using redis = await startRedis();
    const client = await connectResp(redis.host, redis.port);
    const bytes = "\u0000\u00ff\r\n$5";
    expect(await client.command("SET", bytes, "x".repeat(200_000))).toBe("OK");
    expect(await client.command("KEYS", "*")).toEqual([bytes]);
    expect(await client.command("GET", bytes)).toBe("x".repeat(200_000));
    expect(await client.command("EVAL", "return {1, {'a', false}}", 0)).toEqual([1, ["a", null]]);
    await expect(client.command("HGET", bytes, "field")).rejects.toThrow("WRONGTYPE");
    expect(await client.command("PING")).toBe("PONG");
    client.close();
    await expect(client.command("PING")).rejects.toThrow("was closed");
  });
});
