import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allPages, readAll } from "@relevo/core";
import { openEmbedded } from "../src/index.ts";

/** Kills the owner of an embedded database again and again, and looks for what it had acknowledged. */
const kills = 20;
const seed = Number(process.env.RELEVO_SEED ?? 20_261_121);

let state = seed >>> 0;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

interface Report {
  readonly kind: "open" | "append" | "put";
  readonly number?: number;
}

const folder = await mkdtemp(join(tmpdir(), "relevo-faults-"));
const appended = new Set<number>();
const put = new Set<number>();
let next = 0;

/** One owner, killed so long after it has opened the folder, or after it was started. */
async function killOwner(afterMs: number, of: "start" | "open"): Promise<boolean> {
  const child = fork(join(import.meta.dirname, "embedded-writer.ts"), [folder, String(next)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let opened = false;
  const killLater = (): void => void setTimeout(() => child.kill("SIGKILL"), afterMs);
  if (of === "start") killLater();
  child.on("message", (message) => {
    const { kind, number = 0 } = message as Report;
    if (kind === "open") {
      opened = true;
      if (of === "open") killLater();
      return;
    }
    (kind === "append" ? appended : put).add(number);
    next = Math.max(next, number + 8);
  });
  const signal = await new Promise<string | null>((resolve) =>
    child.once("close", (_code, how) => resolve(how)),
  );
  if (signal !== "SIGKILL") throw new Error("an owner ended before it was killed");
  return opened;
}

try {
  // While the database is being made: what is half made must not be taken for a database.
  let early = 0;
  for (const afterMs of [300, 1500, 2500, 3500]) if (!(await killOwner(afterMs, "start"))) early++;
  for (let kill = 0; kill < kills; kill++) await killOwner(50 + random() * 1500, "open");

  await using store = await openEmbedded(folder);
  const found = new Map<number, number>();
  let gaps = 0;
  for (const lane of [0, 1]) {
    let seq = 0;
    for await (const page of readAll(
      store.log,
      { tenant: "acme", session: `lane-${lane}` },
      { limit: 1000 },
    )) {
      for (const event of page) {
        if (event.seq !== ++seq) gaps++;
        if (event.type !== "message" || typeof event.body?.content !== "string") continue;
        const number = Number(event.body.content);
        found.set(number, (found.get(number) ?? 0) + 1);
      }
    }
  }
  const documents = new Set<string>();
  const find = (page: { readonly cursor?: string | undefined }) =>
    store.documents.find(
      { tenant: "acme" },
      { namespace: ["n"], tags: { all: ["even"] }, limit: 1000, ...page },
    );
  for await (const { key } of allPages(find)) documents.add(key);

  const lost = [...appended].filter((number) => !found.has(number)).length;
  const doubled = [...found.values()].filter((count) => count > 1).length;
  const lostDocuments = [...put].filter((number) => !documents.has(String(number))).length;
  console.log(
    `embedded: ${kills} kills -9 of an owner at work and ${early} of one that was making the database, seed ${seed}: ` +
      `${appended.size} acknowledged appends, ${lost} lost, ${doubled} doubled, ${gaps} gaps; ` +
      `${put.size} acknowledged documents, ${lostDocuments} lost`,
  );
  if (lost + doubled + gaps + lostDocuments > 0 || appended.size < kills || early === 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
