import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MemoryError } from "@relevo/core";
import { type EmbeddedStore, openEmbedded } from "../../src/index.ts";

// A process of its own, in a namespace of mounts of its own: the disk that it fills goes with it, and it must end.

const [mountPoint = ""] = process.argv.slice(2);
const folder = join(mountPoint, "data");
const session = { tenant: "acme", session: "s" };

function mount(...options: readonly string[]): void {
  execFileSync("mount", ["-t", "tmpfs", ...options, "tmpfs", mountPoint]);
}

/** What a call did, in one line. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (!MemoryError.isInstance(error)) return String(error);
    return [error.code, error.outcome, error.details.code, error.cause instanceof Error].join(" ");
  }
}

const append = (store: EmbeddedStore) =>
  store.log.append(session, [{ type: "x-note", body: randomBytes(250_000).toString("base64") }]);

// Less than a database needs: it must not be taken for one afterwards.
mount("-o", "size=8m");
const making = await outcomeOf(openEmbedded(folder));
const left = await readdir(folder);

mount("-o", "remount,size=80m");
const store = await openEmbedded(folder);
let acknowledged = 0;
let filling: string;
do {
  filling = await outcomeOf(append(store));
  if (filling === "done") acknowledged++;
} while (filling === "done");
const after = await outcomeOf(store.log.head(session));
const migrating = await outcomeOf(store.pglite.query("select 1"));
const closing = await outcomeOf(store.close());
const opening = await outcomeOf(openEmbedded(folder));

mount("-o", "remount,size=300m");
const recovered = await openEmbedded(folder);
const version = (await recovered.log.head(session))?.version ?? 0;
const appending = await outcomeOf(append(recovered));
await recovered.close();

console.log(
  JSON.stringify({
    making,
    left,
    filling,
    after,
    migrating,
    closing,
    opening,
    appending,
    // Of the append that failed nobody knows whether it is there.
    lost: acknowledged - Math.min(version, acknowledged),
    unexpected: Math.max(0, version - acknowledged - 1),
  }),
);
