import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing. Not by `mkdir` with `recursive`, which never ends where a parent
 * is there and the system says ENOENT for what is below, as in /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  let place = path;
  while (!(await isFolder(place))) {
    missing.push(place);
    const parent = dirname(place);
    if (parent === place) break;
    place = parent;
  }
  for (const folder of missing.reverse()) {
    await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another may have made it meanwhile.
      if (error.code !== "EEXIST" || !(await isFolder(folder))) throw error;
    });
  }
}

/** @throws what the system says, unless it is that nothing is there. */
async function isFolder(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return true;
    throw Object.assign(new Error(`${path} is not a folder`), { code: "ENOTDIR" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
