import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pascalCase } from "./store-name.ts";

const template = join(import.meta.dirname, "..", "template");
const suffix = ".template";

/**
 * Writes the package of a new store into a folder that does not exist yet, and returns the paths it wrote.
 *
 * @throws Error when the folder exists.
 */
export async function writeStore(name: string, folder: string): Promise<readonly string[]> {
  if (existsSync(folder)) throw new Error(`${folder} exists already; nothing was changed.`);
  const fill = (text: string): string =>
    text.replaceAll("__name__", name).replaceAll("__Name__", pascalCase(name));
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const written: string[] = [];
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const source = join(entry.parentPath, entry.name);
    const path = fill(relative(template, source)).slice(0, -suffix.length);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), fill(await readFile(source, "utf8")));
    written.push(path);
  }
  return written.sort();
}
