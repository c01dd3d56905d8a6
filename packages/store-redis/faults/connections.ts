import { setTimeout as sleep } from "node:timers/promises";
import { startFaultProxy } from "@relevo/fault-proxy";
import { startRedis } from "@relevo/test-services";
import {
  acknowledgedOf,
  begin,
  errorsOf,
  type Fault,
  judge,
  openStore,
  readAll,
  repeat,
  sum,
  write,
} from "./support.ts";

const address = { tenant: "acme", session: "s" };

/** Connections that are cut in front of the server and behind it, 1,600 appends through. */
export const connectionsCut: Fault = {
  name: "connections cut",
  async run() {
    await using redis = await startRedis();
    await using proxy = await startFaultProxy({ target: { host: redis.host, port: redis.port } });
    await using direct = await openStore(redis.url);
    const incarnation = await begin(direct.store, address);
    proxy.cutEvery({ chance: 0.05, seed: 7 });
    const writers = await Promise.all(
      repeat(4, async (index) => {
        await using opened = await openStore(proxy.url(redis.url), { deadlineMs: 2000 });
        return await write(opened.store, address, { writer: `w${index}`, count: 400, incarnation });
      }),
    );
    proxy.stopCutting();
    const final = await readAll(direct.store, address);
    const { before, after } = proxy.cuts;
    return {
      summary: `${final.length} stored of 1600 appended; ${before} cuts before and ${after} after the server had done it; ${errorsOf(writers)}`,
      violations: [
        ...judge(writers, final),
        ...(final.length === 1600 ? [] : [`${final.length} events stored of 1600`]),
        ...(before > 10 && after > 10 ? [] : ["too few cuts to have shown anything"]),
      ],
    };
  },
};

/** A server that stands still, and one that has never seen the scripts, again and again. */
export const stoppedAndFlushed: Fault = {
  name: "server stopped, scripts flushed",
  async run() {
    await using redis = await startRedis();
    await using direct = await openStore(redis.url);
    const deadlineMs = 400;
    const incarnation = await begin(direct.store, address);
    let done = false;
    const working = Promise.all(
      repeat(4, async (index) => {
        await using opened = await openStore(redis.url, { deadlineMs });
        const until = (): boolean => done;
        return await write(opened.store, address, { writer: `w${index}`, count: 1e6, incarnation, until });
      }),
    );
    for (let round = 0; round < 3; round++) {
      for (let flush = 0; flush < 40; flush++) {
        await redis.command("SCRIPT", "FLUSH");
        await sleep(5);
      }
      redis.pause();
      await sleep(deadlineMs * 2);
      redis.resume();
    }
    done = true;
    const writers = await working;
    const final = await readAll(direct.store, address);
    const longestMs = Math.round(Math.max(...writers.map(({ longestMs }) => longestMs)));
    const timeouts = sum(writers, ({ errors }) => errors.get("timeout/unknown") ?? 0);
    return {
      summary: `${final.length} stored of ${acknowledgedOf(writers)} acknowledged; longest call ${longestMs} ms under a deadline of ${deadlineMs}; ${errorsOf(writers)}`,
      violations: [
        ...judge(writers, final),
        ...(longestMs < deadlineMs + 1000 ? [] : [`a call took ${longestMs} ms`]),
        ...(timeouts > 0 ? [] : ["no call was on its way when the server stopped"]),
      ],
    };
  },
};
