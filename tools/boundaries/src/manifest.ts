import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a project declares in its `package.json`. */
export interface Manifest {
  readonly name: string;
  /** What the published code may import. */
  readonly production: ReadonlySet<string>;
  /** What only tests and scripts may import. */
  readonly development: ReadonlySet<string>;
  /** The public entries, such as `.` or `./testing`. */
  readonly entries: ReadonlySet<string>;
}

type Names = { readonly [name: string]: unknown };

/** Reads the manifest of the project in this folder. */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest: {
    name: string;
    dependencies?: Names;
    peerDependencies?: Names;
    optionalDependencies?: Names;
    devDependencies?: Names;
    exports?: Names;
  } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return {
    name: manifest.name,
    production: new Set(
      [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies].flatMap((names) =>
        Object.keys(names ?? {}),
      ),
    ),
    development: new Set(Object.keys(manifest.devDependencies ?? {})),
    entries: new Set(Object.keys(manifest.exports ?? {})),
  };
}
