import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { tryLockFile } from "../src/embedded/file-lock.ts";
import { type FolderLock, lockFolder, lockName, ownerName } from "../src/embedded/folder-lock.ts";
import { withoutExperimentalWarnings } from "../src/embedded/load-sqlite.ts";
import { canUnshare, failure, startContainedTaker, startTaker, temporaryFolder } from "./embedded-support.ts";

const options = { onLost: (error: unknown) => expect.unreachable(String(error)) };

/** Takes a folder that must be free, and gives it back. */
async function takeOnce(folder: string): Promise<void> {
  (await lockFolder(folder, options)).release();
}

describe("the lock of a folder", () => {
  it("goes from one owner to the next, and leaves one empty file", async () => {
    await using folder = await temporaryFolder();
    for (let round = 0; round < 3; round++) {
      const lock = await lockFolder(folder.path, options);
      const refused = await failure(lockFolder(folder.path, options), "conflict");
      expect(refused.message).toContain(folder.path);
      expect(refused.message).toContain(`this process (${process.pid})`);
      expect(refused.details).toMatchObject({ conflict: "folder", folder: folder.path, pid: process.pid });
      lock.release();
      lock.release();
    }
    expect(await readdir(folder.path)).toEqual([lockName]);
    expect(await readFile(join(folder.path, lockName), "utf8")).toBe("");
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
    await takeOnce(folder.path);
  });

  it("is free when its owner gave it back and still runs", async () => {
    await using folder = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    await owner.giveBack();
    await takeOnce(folder.path);
  });

  it("stays with an owner that is paused, until that is killed", async () => {
    await using folder = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    owner.pause();
    for (let attempt = 0; attempt < 3; attempt++) await failure(lockFolder(folder.path, options), "conflict");
    await owner.kill();
    await takeOnce(folder.path);
  });

  it.skipIf(!canUnshare)("holds between containers, which do not see each other's processes", async () => {
    await using folder = await temporaryFolder();
    await using contained = await startContainedTaker(folder.path);
    await using other = await startContainedTaker(folder.path);
    expect(await contained.take()).toEqual({ kind: "has" });
    // Both are process 1, each in a place of its own.
    const fromContainer = {
      kind: "refused",
      code: "conflict",
      message: expect.stringContaining("process 1 "),
    };
    expect(await other.take()).toMatchObject(fromContainer);
    expect((await failure(lockFolder(folder.path, options), "conflict")).details.pid).toBe(1);
    await contained.kill();
    expect(await other.take()).toEqual({ kind: "has" });
    await failure(lockFolder(folder.path, options), "conflict");
    await other.giveBack();
    const lock = await lockFolder(folder.path, options);
    expect(await other.take()).toMatchObject({ kind: "refused", code: "conflict" });
    lock.release();
  });

  it("is of the folder, by whichever path it is reached", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "data");
    const linked = join(folder.path, "linked");
    await mkdir(path);
    await symlink(path, linked);
    const lock = await lockFolder(path, options);
    await failure(lockFolder(linked, options), "conflict");
    await using other = await startTaker("lock", linked);
    expect(await other.take()).toMatchObject({ kind: "refused", code: "conflict" });
    lock.release();
    expect(await other.take()).toEqual({ kind: "has" });
    await failure(lockFolder(path, options), "conflict");
  });

  it("does not lock a copy of the folder", async () => {
    await using folder = await temporaryFolder();
    await using copies = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    const copy = join(copies.path, "copy");
    await cp(folder.path, copy, { recursive: true });
    expect(await readdir(copy)).toEqual([lockName, ownerName].sort());
    await takeOnce(copy);
    await failure(lockFolder(folder.path, options), "conflict");
  });

  it("is taken again when a backup within the process has read its file, which ends a lock of POSIX", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, lockName);
    await using other = await startTaker("lock", folder.path);
    const lock = tryLockFile(path);
    await readFile(path);
    for (let time = 0; time < 3; time++) expect(lock?.renew()).toBe(true);
    expect(await other.take()).toMatchObject({ kind: "refused", code: "conflict" });
    lock?.release();
    // A page in it would need room on the disk, and could be torn by a crash.
    expect(await readFile(path, "utf8")).toBe("");
    expect(await other.take()).toEqual({ kind: "has" });
  });

  it("is not taken again when another has it by then", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, lockName);
    await using other = await startTaker("lock", folder.path);
    const lock = tryLockFile(path);
    await readFile(path);
    expect(await other.take()).toEqual({ kind: "has" });
    expect(lock?.renew()).toBe(false);
    lock?.release();
    await failure(lockFolder(folder.path, options), "conflict");
  });

  it.each(["file", "folder"])("tells its owner when somebody removed its %s", async (what) => {
    await using folder = await temporaryFolder();
    const { promise: lost, resolve: onLost } = Promise.withResolvers<unknown>();
    const lock = await lockFolder(folder.path, { renewMs: 20, onLost });
    await rm(what === "file" ? join(folder.path, lockName) : folder.path, { recursive: true });
    expect(await lost).toMatchObject({ code: "conflict", details: { conflict: "folder", pid: process.pid } });
    lock.release();
  });

  it("is kept while it is not given back, although nobody refers to it any more", async () => {
    await using folder = await temporaryFolder();
    await using other = await startTaker("lock", folder.path);
    // Told when the folder is removed at the end of this test.
    await lockFolder(folder.path, { onLost: () => undefined });
    setFlagsFromString("--expose_gc");
    const collect: () => void = runInNewContext("gc");
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await other.take()).toMatchObject({ kind: "refused", code: "conflict" });
  });

  it.each([
    ["nothing", ""],
    ["half an object", "{"],
    ["null", "null"],
    ["a name for the id", '{"pid":"x"}'],
    ["an id beyond all numbers", '{"pid":1e300,"host":"h","openedAt":"then"}'],
    ["an enormous id", '{"pid":9007199254740991,"host":"elsewhere\\u001b[2J","openedAt":"then"}'],
    ["too much", `{"pid":1,"host":"${"h".repeat(100_000)}","openedAt":"then"}`],
  ])("does not depend on what is said about its owner: %s", async (_what, text) => {
    await using folder = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    await writeFile(join(folder.path, ownerName), text);
    await takeOnce(folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    await writeFile(join(folder.path, ownerName), text);
    const refused = await failure(lockFolder(folder.path, options), "conflict");
    expect(refused.message).toContain(`The folder ${folder.path} is in use by`);
    expect(refused.message).not.toContain("\u001b");
  });

  it("does not wait for a pipe in place of that file", async () => {
    await using folder = await temporaryFolder();
    await using owner = await startTaker("lock", folder.path);
    expect(await owner.take()).toEqual({ kind: "has" });
    await rm(join(folder.path, ownerName));
    execFileSync("mkfifo", [join(folder.path, ownerName)]);
    await failure(lockFolder(folder.path, options), "conflict");
    await owner.kill();
    await takeOnce(folder.path);
  });

  it("says what is wrong with its file", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, lockName);
    await writeFile(path, "this is no lock ".repeat(100));
    const corrupt = await failure(lockFolder(folder.path, options), "corrupt");
    expect(corrupt.message).toContain(`Remove it while no process uses the folder`);
    await rm(path);
    await mkdir(path);
    expect((await failure(lockFolder(folder.path, options), "unavailable")).message).toContain(path);
    expect(await readdir(folder.path)).toEqual([lockName]);
  });

  it("has one owner at a time, however many in one process come and go", async () => {
    await using folder = await temporaryFolder();
    let held = 0;
    let taken = 0;
    async function comeAndGo(): Promise<void> {
      for (let round = 0; round < 10; round++) {
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
        lock.release();
      }
    }
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect(taken).toBeGreaterThan(10);
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
      }
      await winner?.kill();
      takers = [...takers.filter((taker) => taker !== winner), await start()];
    }
  });
});

describe("withoutExperimentalWarnings", () => {
  it("passes on every other warning, and puts everything back", () => {
    const seen: unknown[][] = [];
    const { emitWarning } = process;
    process.emitWarning = (...warning: unknown[]) => void seen.push(warning);
    const mine = process.emitWarning;
    try {
      const result = withoutExperimentalWarnings(() => {
        process.emitWarning("a feature", "ExperimentalWarning");
        process.emitWarning("a feature", { type: "ExperimentalWarning", code: "X" });
        process.emitWarning("old", "DeprecationWarning", "DEP0");
        process.emitWarning(new Error("plain"));
        return 1;
      });
      expect(result).toBe(1);
      expect(seen).toEqual([["old", "DeprecationWarning", "DEP0"], [new Error("plain")]]);
      expect(() =>
        withoutExperimentalWarnings(() => {
          throw new Error("thrown");
        }),
      ).toThrow("thrown");
      expect(process.emitWarning).toBe(mine);
    } finally {
      process.emitWarning = emitWarning;
    }
  });
});
