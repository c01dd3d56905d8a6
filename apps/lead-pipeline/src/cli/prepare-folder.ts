import { constants } from "node:fs";
import { access, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** The folder cannot be one, and why. */
export class FolderError extends Error {
  override readonly name: string = "FolderError";
}

/**
 * Makes the folder and what is missing above it, and tells whether there is nothing in it yet.
 *
 * Step by step: `mkdir` with `recursive` never ends where the system answers ENOENT for a folder that cannot be made,
 * as below `/proc`.
 *
 * @throws `FolderError` when it cannot be made, read or written to.
 */
export async function prepareFolder(folder: string): Promise<{ readonly isEmpty: boolean }> {
  const path = resolve(folder);
  try {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return { isEmpty: (await readdir(path)).length === 0 };
  } catch (error) {
    throw new FolderError(reasonOf(error), { cause: error });
  }
}

async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await isFolder(at)); at = dirname(at)) missing.push(at);
  for (const one of missing.toReversed()) {
    await mkdir(one).catch((error: unknown) => {
      // Another process was faster.
      if (codeOf(error) !== "EEXIST") throw error;
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    return false;
  }
  throw new FolderError(`${path} is a file`);
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const known = code === undefined ? undefined : reasons[code];
  if (known !== undefined) return known;
  return error instanceof Error ? error.message : String(error);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "the system does not allow it",
  EROFS: "the disk is read-only",
  ENOENT: "no folder can be made there",
  ENOTDIR: "part of the path is a file",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "its links lead in a circle",
};

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
