import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";

/** A fresh one of this workspace has about 6,000 files. */
const maxFiles = 20_000;

/**
 * Removes Node's compile cache when it has grown too large: Node.js itself never takes anything out, and Vitest loads
 * each file of tests under a new name in each run.
 */
export async function limitCompileCache(folder: string | undefined, limit: number = maxFiles): Promise<void> {
  if (folder === undefined || !existsSync(folder)) return;
  const files = await readdir(folder, { recursive: true });
  if (files.length > limit) await rm(folder, { recursive: true, force: true });
}
