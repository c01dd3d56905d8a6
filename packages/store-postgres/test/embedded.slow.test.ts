import { execFile } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { chmod, cp, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockFolder, lockName, ownerName } from "../src/embedded/folder-lock.ts";
import { openEmbedded } from "../src/index.ts";
import { canMount, failure, startTaker, temporaryFolder } from "./embedded-support.ts";

const session = { tenant: "acme", session: "s" };
const document = { tenant: "acme", namespace: ["n"], key: "k" };
const hello = { type: "message", body: { role: "user", content: "hello" } } as const;

/** A folder with a store in it, made once: copies of it are broken in every way. */
let made: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  made = await temporaryFolder();
  await using store = await openEmbedded(made.path);
  await store.log.append(session, [hello]);
  await store.documents.put(document, { value: { x: 1 } });
});

afterAll(async () => {
  await made[Symbol.asyncDispose]();
});

async function copy(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder();
  await cp(made.path, folder.path, { recursive: true });
  return folder;
}

describe("openEmbedded", () => {
  it("keeps log and documents from one opening to the next", async () => {
    await using folder = await copy();
    const store = await openEmbedded(folder.path);
    expect(store.folder).toBe(folder.path);
    expect((await store.log.read(session)).events).toHaveLength(1);
    expect((await store.documents.get(document))?.value).toEqual({ x: 1 });
    await Promise.all([store.close(), store.close()]);
    await store[Symbol.asyncDispose]();
    await failure(store.log.head(session), "closed");
    await using again = await openEmbedded(folder.path);
    expect((await again.log.head(session))?.version).toBe(1);
  });

  it("refuses a second opening, of this process and of another", async () => {
    await using folder = await copy();
    {
      await using store = await openEmbedded(folder.path);
      const refused = await failure(openEmbedded(folder.path), "conflict");
      expect(refused.message).toContain(`${folder.path} is in use by this process (${process.pid})`);
      expect((await store.log.head(session))?.version).toBe(1);
    }
    await using other = await startTaker("open", folder.path);
    expect(await other.take()).toEqual({ kind: "has" });
    const refused = await failure(openEmbedded(folder.path), "conflict");
    expect(refused.details.pid).toBe(other.pid);
    expect(refused.message).toContain(`${folder.path} is in use by process ${other.pid} since`);
  });

  it("takes over from a process that was killed", async () => {
    await using folder = await copy();
    await using other = await startTaker("open", folder.path);
    expect(await other.take()).toEqual({ kind: "has" });
    await other.kill();
    await using store = await openEmbedded(folder.path);
    expect((await store.log.read(session)).events).toHaveLength(1);
  });

  it("takes over from a process that was killed while it opened", async () => {
    await using folder = await copy();
    for (let round = 0; round < 3; round++) {
      await using other = await startTaker("open", folder.path);
      void other.take().catch(() => undefined);
      await other.kill();
    }
    await using store = await openEmbedded(folder.path);
    expect((await store.log.head(session))?.version).toBe(1);
  });

  it("stops when its folder is removed, and closes", async () => {
    await using folder = await copy();
    const errors: unknown[] = [];
    const store = await openEmbedded(folder.path, { onError: (error) => errors.push(error) });
    await rm(folder.path, { recursive: true });
    // The next look at the lock finds out.
    await expect
      .poll(() => store.log.append(session, [hello]).catch((error: unknown) => error))
      .toMatchObject({ code: "conflict", outcome: "not-applied", details: { conflict: "folder" } });
    await failure(store.documents.get(document), "conflict");
    expect(errors).toMatchObject([{ code: "conflict" }]);
    await store.close();
    await expect(readdir(folder.path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("writes nothing when it closes after its folder went to another", async () => {
    await using folder = await copy();
    const store = await openEmbedded(folder.path);
    await store.log.append(session, [hello]);
    // At once, so that the store does not find out before it is closed.
    rmSync(folder.path, { recursive: true });
    cpSync(made.path, folder.path, { recursive: true });
    const control = join(folder.path, "postgres", "global", "pg_control");
    const before = readFileSync(control);
    await store.close();
    expect(readFileSync(control).equals(before)).toBe(true);
  });

  it("does not open when its lock is removed meanwhile", async () => {
    await using folder = await copy();
    const path = join(folder.path, lockName);
    await rm(path);
    const opening = failure(openEmbedded(folder.path), "conflict");
    await expect
      .poll(
        () =>
          rm(path).then(
            () => true,
            () => false,
          ),
        { interval: 1 },
      )
      .toBe(true);
    await opening;
  });

  it("closes in time beside a transaction that does not end, and gives the folder back when it does", async () => {
    await using folder = await copy();
    const store = await openEmbedded(folder.path, { timeoutMs: 300 });
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    const endless = store.pglite.transaction(() => promise);
    await failure(store.close(), "timeout");
    await failure(store.close(), "timeout");
    await failure(openEmbedded(folder.path), "conflict");
    finish();
    await endless;
    await expect.poll(() => store.pglite.closed).toBe(true);
    await using again = await openEmbedded(folder.path);
    expect((await again.log.head(session))?.version).toBe(1);
  });

  it("makes folders that are missing, and starts over what a crash left half made", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "deep", "er");
    await mkdir(join(path, "postgres.new"), { recursive: true });
    await writeFile(join(path, "postgres.new", "PG_VERSION"), "18\n");
    await using store = await openEmbedded(path);
    expect(await store.log.head(session)).toBeUndefined();
    expect(await readdir(path)).toEqual(["postgres", lockName, ownerName]);
  });
});

describe.skipIf(!canMount)("on a disk without room", () => {
  it("fails with the cause, loses nothing that it acknowledged, and neither hangs nor keeps its process", async () => {
    await using folder = await temporaryFolder();
    const script = join(import.meta.dirname, "remote", "full-disk.ts");
    const { stdout } = await promisify(execFile)("unshare", [
      "--mount",
      process.execPath,
      script,
      folder.path,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      making: "unavailable not-applied ENOSPC true",
      left: [lockName],
      filling: "unavailable unknown ENOSPC true",
      after: "unavailable not-applied ENOSPC true",
      migrating: "unavailable not-applied ENOSPC true",
      closing: "done",
      opening: "unavailable not-applied ENOSPC true",
      appending: "done",
      lost: 0,
      unexpected: 0,
    });
  });
});

describe("openEmbedded refuses", () => {
  it.each([
    ["the file that every cluster begins with is gone", "PG_VERSION"],
    ["the control file is gone", "global/pg_control"],
  ])("a damaged folder: %s", async (_what, missing) => {
    await using folder = await copy();
    const data = join(folder.path, "postgres");
    await rm(join(data, missing), { recursive: true });
    const refused = await failure(openEmbedded(folder.path), "corrupt");
    expect(refused.message).toContain(data);
    expect(await readdir(folder.path)).toEqual(["postgres", lockName]);
    (await lockFolder(folder.path, { onLost: console.error })).release();
  });

  it.each(["17", "19"])("files of PostgreSQL %s, naming both versions", async (version) => {
    await using folder = await copy();
    await writeFile(join(folder.path, "postgres", "PG_VERSION"), `${version}\n`);
    const refused = await failure(openEmbedded(folder.path), "unsupported");
    expect(refused.details).toMatchObject({ found: version, needed: expect.stringMatching(/^\d\d$/) });
    expect(refused.message).toContain(`was made by PostgreSQL ${version}`);
  });

  it("a file in the place of the folder", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "file");
    await writeFile(path, "");
    expect((await failure(openEmbedded(path), "invalid-input")).message).toContain("A file is in the way");
    await failure(openEmbedded(join(path, "below")), "invalid-input");
    await failure(openEmbedded(join(path, "far", "below")), "invalid-input");
  });

  it.each([
    ["where the system makes no folders", "/proc/relevo/data"],
    ["with a name that is too long", join(tmpdir(), "n".repeat(300), "data")],
    ["with a path that is too long", join(tmpdir(), "/name".repeat(1000))],
  ])("a folder %s, with what the system said as the cause", async (_what, path) => {
    const refused = await failure(openEmbedded(path), "invalid-input");
    expect(refused.message).toContain(path);
    expect(refused.cause).toMatchObject({ code: refused.details.code });
  });

  it("a folder behind links that lead in a circle", async () => {
    await using folder = await temporaryFolder();
    const [one, two] = [join(folder.path, "one"), join(folder.path, "two")];
    await symlink(one, two);
    await symlink(two, one);
    const refused = await failure(openEmbedded(join(one, "data")), "invalid-input");
    expect(refused.cause).toMatchObject({ code: "ELOOP" });
  });

  it("a path that is too long for the lock, and makes nothing there but folders", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "/name".repeat(120));
    const refused = await failure(openEmbedded(path), "invalid-input");
    expect(refused.details.code).toBe("ENAMETOOLONG");
    expect(await readdir(path)).toEqual([]);
  });

  it("options out of their range, or unknown, before it makes a folder", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "data");
    await failure(openEmbedded(path, { timeoutMs: 0 }), "invalid-input");
    await failure(openEmbedded(path, { limits: { idBytes: -1 } }), "invalid-input");
    const misspelt: object = { onEror: () => undefined };
    expect((await failure(openEmbedded(path, misspelt), "invalid-input")).message).toContain("onError");
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("the data folder of a PostgreSQL itself, and what is no path", async () => {
    await failure(openEmbedded(join(made.path, "postgres")), "invalid-input");
    await failure(openEmbedded(""), "invalid-input");
    await failure(openEmbedded("a\0b"), "invalid-input");
    await failure(openEmbedded(undefined as unknown as string), "invalid-input");
  });

  it("a folder that its user may not write in", async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o555);
    try {
      await using taker = await startTaker("open", folder.path, {
        env: { ...process.env, RELEVO_TEST_DROP: "1" },
      });
      expect(await taker.take()).toMatchObject({
        kind: "refused",
        code: "denied",
        message: expect.stringContaining(folder.path),
      });
    } finally {
      await chmod(folder.path, 0o755);
    }
  });
});
