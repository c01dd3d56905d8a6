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
  /** The projects that decide whether a target runs again, of each target that lists them itself. */
  readonly watched: ReadonlyMap<string, ReadonlySet<string>>;
}

type Names = { readonly [name: string]: unknown };

interface Target {
  readonly inputs?: readonly (string | { readonly projects?: readonly string[] })[];
}

/** Reads the manifest of the project in this folder. */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest: {
    name: string;
    dependencies?: Names;
    peerDependencies?: Names;
    optionalDependencies?: Names;
    devDependencies?: Names;
    exports?: Names;
    nx?: { targets?: { readonly [target: string]: Target } };
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
    watched: new Map(
      Object.entries(manifest.nx?.targets ?? {}).flatMap(([target, { inputs = [] }]) => {
        const projects = inputs.flatMap((input) => (typeof input === "string" ? [] : (input.projects ?? [])));
        return projects.length === 0 ? [] : [[target, new Set(projects)]];
      }),
    ),
  };
}
