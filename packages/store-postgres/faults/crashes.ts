import { setTimeout as sleep } from "node:timers/promises";
import { openPrivateDatabase } from "../test/server.ts";
import { errorsOf, type Fault, judge, openStore, readLog, seededRandom, sum, write } from "./support.ts";

const kills = 5;
const outcomes = { tenant: "acme", session: "outcomes" };

/** A durable server that is killed under load and comes back, again and again. */
export const serverKilled: Fault = {
  name: "server killed",
  async run() {
    await using database = await openPrivateDatabase({ durable: true });
    const random = seededRandom(11);
    let done = false;
    const until = (): boolean => done;
    const start = (writer: string, options: Partial<Parameters<typeof write>[1]>) =>
      (async () => {
        await using opened = openStore(database.url, 2000);
        return await write(opened.store, { writer, count: 1e6, until, ...options });
      })();
    const working = Promise.all([
      Promise.all(["w0", "w1", "w2"].map((writer) => start(writer, {}))),
      Promise.all((["accept", "accept-plain"] as const).map((mode) => start(mode, { mode, to: outcomes }))),
    ]);
    for (let kill = 0; kill < kills; kill++) {
      await sleep(500 + random() * 1500);
      await database.server.kill();
      await sleep(random() * 500);
      await database.server.restart();
    }
    await sleep(500);
    done = true;
    const [retrying, accepting] = await working;
    await using opened = openStore(database.url);
    const [final, finalOutcomes] = [await readLog(opened.store), await readLog(opened.store, outcomes)];
    const acknowledged = sum(retrying, (written) => written.acknowledged.length);
    const failures = sum(retrying, ({ errors }) => errors.size);
    return {
      summary:
        `${kills} kill -9 of a durable server: ${acknowledged} acknowledged, ${final.length} stored; ${errorsOf(retrying)}. ` +
        `Outcomes told: ${errorsOf(accepting)}, ${sum(accepting, (written) => written.acknowledged.length)} acknowledged, ${finalOutcomes.length} events stored`,
      violations: [
        ...judge(retrying, final),
        ...judge(accepting, finalOutcomes),
        ...(final.length === acknowledged ? [] : [`${final.length} stored of ${acknowledged} acknowledged`]),
        ...(failures > 0 ? [] : ["no kill was ever felt"]),
      ],
    };
  },
};
