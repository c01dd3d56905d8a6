import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";

/**
 * A PGlite in memory for this caller alone, as `PGlite.create()` gives it. It starts from the files of one that was
 * initialised before, which takes 0.7 s of processor time instead of 4.
 */
export async function openPglite(): Promise<PGlite> {
  return await PGlite.create({ loadDataDir: new Blob([await snapshot()]) });
}

/** The same with the extension for vectors. */
export async function openPgliteWithVectors(): Promise<PGlite> {
  const pglite = await PGlite.create({
    loadDataDir: new Blob([await snapshot()]),
    extensions: { vector },
  });
  await pglite.exec("create extension vector");
  return pglite;
}

async function snapshot(): Promise<Buffer<ArrayBuffer>> {
  const path = await snapshotPath();
  return (await readSnapshot(path)) ?? (await makeSnapshot(path));
}

/** Another version of PGlite may write other files. */
async function snapshotPath(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const manifest = await readFile(join(dirname(entry), "..", "package.json"), "utf8");
  const { version }: { readonly version: string } = JSON.parse(manifest);
  return join(import.meta.dirname, "..", "node_modules", ".cache", "relevo", `pglite-${version}.tar`);
}

async function readSnapshot(path: string): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function makeSnapshot(path: string): Promise<Buffer<ArrayBuffer>> {
  await using pglite = await PGlite.create();
  const dump = await pglite.dumpDataDir("none");
  const snapshot = Buffer.from(await dump.arrayBuffer());
  await mkdir(dirname(path), { recursive: true });
  // Whole or not at all: other test files read it, and may make it too.
  const own = `${path}.${process.pid}`;
  await writeFile(own, snapshot);
  await rename(own, path);
  return snapshot;
}
