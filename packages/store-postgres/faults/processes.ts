import { fork } from "node:child_process";
import { openPrivateDatabase } from "../test/server.ts";
import { errorsOf, type Fault, judge, openStore, readLog } from "./support.ts";
import type { ProcessReport } from "./writer-process.ts";

const processes = 4;
const readers = 2;
const appends = 400;

/** Processes that append to one session at the same time, some of which read it all the while. */
export const manyProcesses: Fault = {
  name: `${processes} processes x ${appends} appends`,
  async run() {
    await using database = await openPrivateDatabase();
    const reports = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        runWriter([database.url, `p${index}`, `${appends}`, index < readers ? "reader" : "writer"]),
      ),
    );
    await using opened = openStore(database.url);
    const writers = reports.map(({ written }) => written);
    const reads = reports.flatMap((report) => report.reads);
    const final = await readLog(opened.store);
    const expected = processes * appends;
    return {
      summary: `${final.length} events of ${expected}, ${reads.length} readings of the whole log by ${readers} readers; ${errorsOf(writers)}`,
      violations: [
        ...judge(writers, final, reads),
        ...(final.length === expected ? [] : [`${final.length} events of ${expected}`]),
        ...(reads.length >= 10 ? [] : [`only ${reads.length} readings`]),
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
