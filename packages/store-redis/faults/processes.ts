import { fork } from "node:child_process";
import { startRedis } from "@relevo/test-services";
import { begin, errorsOf, type Fault, judge, openStore, readAll, repeat, type Written } from "./support.ts";
import type { ProcessReport } from "./writer-process.ts";

const address = { tenant: "acme", session: "s" };
const processes = 4;
const appends = 400;

/** Processes that append and read at the same time, one session for all. */
export const manyProcesses: Fault = {
  name: `${processes} processes x ${appends} appends`,
  async run() {
    await using redis = await startRedis();
    await using opened = await openStore(redis.url);
    const incarnation = await begin(opened.store, address);
    const reports = await Promise.all(
      repeat(processes, (index) => runWriter([redis.url, `p${index}`, `${appends}`, incarnation])),
    );
    const writers = reports.map(({ written }): Written => ({ ...written, errors: new Map(written.errors) }));
    const reads = reports.flatMap((report) => report.reads);
    const final = await readAll(opened.store, address);
    const expected = processes * appends;
    return {
      summary: `${final.length} events of ${expected}, ${reads.length} readings of the whole log; ${errorsOf(writers)}`,
      violations: [
        ...judge(writers, final, reads),
        ...(final.length === expected ? [] : [`${final.length} events of ${expected}`]),
      ],
    };
  },
};

function runWriter(args: readonly string[]): Promise<ProcessReport> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./writer-process.ts", import.meta.url), [...args], {
      serialization: "advanced",
    });
    let report: ProcessReport | undefined;
    child.on("message", (message) => {
      report = message as ProcessReport;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (report === undefined) reject(new Error(`A writer ended with ${code} and said nothing.`));
      else resolve(report);
    });
  });
}
