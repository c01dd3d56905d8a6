import type { HistoryRead } from "@relevo/store-conformance";
import { openStore, readLog, type Written, write } from "./support.ts";

/** What a process that wrote, and perhaps read, has to tell. */
export interface ProcessReport {
  readonly written: Written;
  readonly reads: readonly HistoryRead[];
}

const [url = "", writer = "", count = "", role = ""] = process.argv.slice(2);
const opened = openStore(url);
const reads: HistoryRead[] = [];
let done = false;

// Times of all processes on one machine are of one clock.
const now = (): number => Number(process.hrtime.bigint() / 1000n);

async function read(): Promise<void> {
  while (!done) {
    const began = now();
    const events = await readLog(opened.store);
    reads.push({ reader: writer, events, time: [began, now()] });
  }
}

process.on("disconnect", () => process.exit());
const reading = role === "reader" ? read() : undefined;
const written = await write(opened.store, { writer, count: Number(count) });
done = true;
await reading;
await opened[Symbol.asyncDispose]();
const report: ProcessReport = { written, reads };
await new Promise((resolve) => process.send?.(report, resolve));
process.disconnect();
