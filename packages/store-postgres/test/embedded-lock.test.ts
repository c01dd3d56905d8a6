import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type FolderLock, lockFolder } from "../src/embedded/folder-lock.ts";
import { failure, startTaker, temporaryFolder } from "./embedded-support.ts";

/** Runs once, in the moment in which somebody has decided to take a lock and has not taken it yet. */
const late: { hook: (() => Promise<void>) | undefined } = vi.hoisted(() => ({ hook: undefined }));

vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs/promises")>();
  return {
    ...original,
    async link(from: string, to: string) {
      const { hook } = late;
      late.hook = undefined;
      await hook?.();
      await original.link(from, to);
    },
  };
});

const options = { onError: (error: unknown) => expect.unreachable(String(error)), silenceMs: 300 };

async function rewriteOwner(folder: string, change: Record<string, unknown>): Promise<void> {
  const [name = ""] = (await readdir(folder)).filter((one) => one.endsWith(".json"));
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
}

describe("the lock of a folder", () => {
  it("goes from one owner to the next, and leaves one small file", async () => {
    await using folder = await temporaryFolder();
    for (let round = 0; round < 3; round++) {
      const lock = await lockFolder(folder.path, options);
      const refused = await failure(lockFolder(folder.path, options), "conflict");
      expect(refused.message).toContain(folder.path);
      expect(refused.message).toContain(`this process (${process.pid})`);
      expect(refused.details).toMatchObject({ conflict: "folder", folder: folder.path, pid: process.pid });
      await Promise.all([lock.release(), lock.release()]);
    }
    expect(await readdir(folder.path)).toEqual(["lock-3.json"]);
  });

  it("names the process that has it, and is free when that process is killed", async () => {
    await using folder = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    const refused = await failure(lockFolder(folder.path, options), "conflict");
    expect(refused.message).toContain(`in use by process ${owner.pid} since`);
    expect(refused.message).toContain("Stop that process");
    expect(refused.details.pid).toBe(owner.pid);
    await owner.kill();
    await (await lockFolder(folder.path, options)).release();
  });

  it("is free when its owner gave it back and still runs", async () => {
    await using folder = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    await owner.giveBack();
    await (await lockFolder(folder.path, options)).release();
  });

  it("is free when another process got the id of the dead owner", async () => {
    await using folder = await temporaryFolder();
    await using alive = await startTaker("lock", folder.path);
    expect(await alive.take()).toEqual({ kind: "has" });
    await rewriteOwner(folder.path, { startedAt: "1" });
    await (await lockFolder(folder.path, options)).release();
  });

  it("of another host is taken over only when that shows no sign of life", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "lock-1.json");
    const elsewhere = {
      pid: process.pid,
      startedAt: "1",
      host: "elsewhere",
      place: "elsewhere",
      openedAt: "then",
    };
    await writeFile(path, JSON.stringify(elsewhere));
    let sign = 1;
    const beat = setInterval(() => void utimes(path, sign, sign++), 20);
    const refused = await failure(lockFolder(folder.path, options), "conflict");
    clearInterval(beat);
    expect(refused.message).toContain(`process ${process.pid} on elsewhere`);
    expect(refused.message).toContain(`remove ${path}`);
    const started = performance.now();
    await using stack = new AsyncDisposableStack();
    stack.adopt(await lockFolder(folder.path, options), (lock) => lock.release());
    expect(performance.now() - started).toBeGreaterThanOrEqual(options.silenceMs);
  });

  it.each(["", "{", "null", '{"pid":"x"}'])("that says %j is taken over", async (text) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "lock-7.json"), text);
    await (await lockFolder(folder.path, options)).release();
    expect(await readdir(folder.path)).toEqual(["lock-8.json"]);
  });

  it("tells its owner when somebody removed it", async () => {
    await using folder = await temporaryFolder();
    const errors: unknown[] = [];
    const lock = await lockFolder(folder.path, { onError: (error) => errors.push(error) });
    await rm(join(folder.path, "lock-1.json"));
    await expect.poll(() => errors, { timeout: 10_000 }).toMatchObject([{ code: "conflict" }]);
    await lock.release();
  });

  it("has one owner at a time, however many in one process come and go", async () => {
    await using folder = await temporaryFolder();
    let held = 0;
    let taken = 0;
    async function comeAndGo(): Promise<void> {
      for (let round = 0; round < 40; round++) {
        let lock: FolderLock;
        try {
          lock = await lockFolder(folder.path, options);
        } catch {
          continue;
        }
        held++;
        taken++;
        expect(held).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        held--;
        await lock.release();
      }
    }
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect(taken).toBeGreaterThan(10);
  });

  it("is not for somebody who decided before others took it and gave it back", async () => {
    await using folder = await temporaryFolder();
    await using stack = new AsyncDisposableStack();
    await (await lockFolder(folder.path, options)).release();
    late.hook = async () => {
      await (await lockFolder(folder.path, options)).release();
      stack.adopt(await lockFolder(folder.path, options), (lock) => lock.release());
    };
    await failure(lockFolder(folder.path, options), "conflict");
    expect(await readdir(folder.path)).toEqual(["lock-3.json"]);
  });

  it("of a dead owner goes to exactly one of four processes that want it at once", async () => {
    await using folder = await temporaryFolder();
    await using stack = new AsyncDisposableStack();
    const start = async () => stack.use(await startTaker("lock", folder.path));
    let takers = await Promise.all(Array.from({ length: 4 }, start));
    for (let round = 0; round < 6; round++) {
      const reports = await Promise.all(takers.map((taker) => taker.take()));
      const winners = takers.filter((_taker, index) => reports[index]?.kind === "has");
      expect(winners).toHaveLength(1);
      const [winner] = winners;
      for (const report of reports) {
        if (report.kind !== "has") expect(report).toMatchObject({ kind: "refused", code: "conflict" });
        if (report.kind === "refused") expect(report.message).toContain(`process ${winner?.pid} `);
      }
      await winner?.kill();
      takers = [...takers.filter((taker) => taker !== winner), await start()];
    }
  });
});
