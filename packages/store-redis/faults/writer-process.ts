import type { HistoryRead } from "@relevo/store-conformance";
import { openStore, readAll, type Written, write } from "./support.ts";

/** What a process that wrote and read has to tell. */
export interface ProcessReport {
  readonly written: Written;
  readonly reads: readonly HistoryRead[];
}

const [url = "", writer = "", count = "", incarnation = ""] = process.argv.slice(2);
const address = { tenant: "acme", session: "s" };
await using opened = await openStore(url);
const { store } = opened;
const reads: HistoryRead[] = [];
let done = false;

// Times of all processes on one machine are of one clock.
const now = (): number => Number(process.hrtime.bigint() / 1000n);

async function read(): Promise<void> {
  while (!done) {
    const began = now();
    const events = await readAll(store, address);
    reads.push({ reader: writer, events, time: [began, now()] });
  }
}

const reading = read();
const written = await write(store, address, { writer, count: Number(count), incarnation });
done = true;
await reading;
// Every reading is a prefix of the next; the whole of each would be megabytes.
const report: ProcessReport = { written, reads: reads.filter((_, index) => index % 5 === 0) };
await new Promise((resolve) => process.send?.(report, resolve));
process.disconnect();
