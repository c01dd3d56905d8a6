import { chmod, cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockFolder } from "../src/embedded/folder-lock.ts";
import { openEmbedded } from "../src/index.ts";
import { failure, startTaker, temporaryFolder } from "./embedded-support.ts";

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

  it("makes folders that are missing, and begins anew what a crash left half made", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "deep", "er");
    await mkdir(join(path, "postgres.new"), { recursive: true });
    await writeFile(join(path, "postgres.new", "PG_VERSION"), "18\n");
    await using store = await openEmbedded(path);
    expect(await store.log.head(session)).toBeUndefined();
    expect(await readdir(path)).toEqual(["lock-1.json", "postgres"]);
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
    expect(await readdir(join(data, ".."))).toEqual(["lock-2.json", "postgres"]);
    await (await lockFolder(folder.path, { onError: console.error })).release();
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
    expect((await failure(openEmbedded(path), "invalid-input")).message).toContain("is no folder");
    await failure(openEmbedded(join(path, "below")), "invalid-input");
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
