import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { acquireLock } from "../src/lock.mjs";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-lock-"));
  path = join(folder, "inner", "launch.lock");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it("makes a second holder wait for the first", async () => {
  const release = await acquireLock(path);
  const order: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const second = acquireLock(path, { onWait: () => waiting.resolve() }).then((releaseSecond) => {
    order.push("second");
    return releaseSecond;
  });
  await waiting.promise;
  order.push("first");
  release();
  (await second)();
  expect(order).toEqual(["first", "second"]);
  expect(existsSync(path)).toBe(false);
});

it("lets one of many processes in at a time", async () => {
  const program = `import { appendFileSync, readFileSync } from "node:fs";
    import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, "..", "src", "lock.mjs"))};
    const release = await acquireLock(${JSON.stringify(path)});
    appendFileSync(${JSON.stringify(join(folder, "story"))}, "<");
    await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(${JSON.stringify(join(folder, "story"))}, ">");
    release();`;
  const children = [1, 2, 3, 4].map(() =>
    spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" }),
  );
  const ends = await Promise.all(children.map((child) => once(child, "exit")));
  expect(ends.map(([code]) => code)).toEqual([0, 0, 0, 0]);
  expect(await readFile(join(folder, "story"), "utf8")).toBe("<><><><>");
});

it("takes over from a process that is gone", async () => {
  (await acquireLock(path))();
  const child = spawn(process.execPath, ["--eval", ""]);
  await once(child, "exit");
  await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname() }));
  const release = await acquireLock(path);
  release();
  expect(existsSync(path)).toBe(false);
});

it("takes over from a holder on another machine that has not shown itself for long", async () => {
  (await acquireLock(path))();
  await writeFile(path, JSON.stringify({ pid: process.pid, host: "elsewhere" }));
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  (await acquireLock(path))();
  expect(existsSync(path)).toBe(false);
});
