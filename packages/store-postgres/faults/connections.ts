import { startFaultProxy } from "@relevo/fault-proxy";
import { openPrivateDatabase } from "../test/server.ts";
import { errorsOf, type Fault, judge, openStore, readLog, sum, write } from "./support.ts";

const writers = 4;
const appends = 400;
const outcomes = { tenant: "acme", session: "outcomes" };

/** Connections that are cut in front of the server and behind it, while 1,600 appends go through. */
export const connectionsCut: Fault = {
  name: "connections cut",
  async run() {
    await using database = await openPrivateDatabase();
    const { host, port } = database.server;
    await using proxy = await startFaultProxy({ target: { host, port } });
    await using direct = openStore(database.url);
    proxy.cutEvery({ chance: 0.05, seed: 7 });
    const retrying = await Promise.all(
      Array.from({ length: writers }, async (_, index) => {
        await using opened = openStore(proxy.url(database.url));
        return await write(opened.store, { writer: `w${index}`, count: appends });
      }),
    );
    // More cuts, so that the store's own retries fail too; each outcome that it tells is compared with the log.
    proxy.cutEvery({ chance: 0.3, seed: 8 });
    const accepting = await Promise.all(
      (["pool", "transactions", "kysely"] as const).flatMap((way) =>
        (["accept", "accept-plain"] as const).map(async (mode) => {
          await using opened = openStore(proxy.url(database.url), 5000, way);
          return await write(opened.store, { writer: `${way}-${mode}`, count: 100, mode, to: outcomes });
        }),
      ),
    );
    proxy.stopCutting();
    const final = await readLog(direct.store);
    const { before, after } = proxy.cuts;
    const expected = writers * appends;
    return {
      summary:
        `${final.length} stored of ${expected} appended; ${before} cuts before and ${after} after the server had done it; ${errorsOf(retrying)}. ` +
        `Outcomes told: ${errorsOf(accepting)}, ${sum(accepting, ({ acknowledged }) => acknowledged.length)} acknowledged`,
      violations: [
        ...judge(retrying, final),
        ...judge(accepting, await readLog(direct.store, outcomes)),
        ...(final.length === expected ? [] : [`${final.length} events stored of ${expected}`]),
        ...(before > 50 && after > 50 ? [] : ["too few cuts to have shown anything"]),
        ...(sum(accepting, ({ unknown }) => unknown.length) > 0 ? [] : ["no outcome was ever unknown"]),
      ],
    };
  },
};
