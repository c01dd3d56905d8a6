import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * Builds a project unless it was built from what is there now. Nothing is asked of the build tool then, which takes
 * seconds to find out the same.
 *
 * What was built from is known by its content, so that a checkout that brings old files back is seen, and an edit of
 * the same length. What was built is known by the names, sizes and times of its files: whoever else builds or removes
 * something changes these, and the build tool decides. The stamp is removed before a build and written after it, so
 * that a build that was killed counts for nothing. The caller holds the lock of the workspace.
 *
 * @param {string} root
 * @param {string} project The folder of the project, such as `apps/lead-pipeline`.
 * @param {() => Promise<void>} build
 * @returns {Promise<boolean>} Whether it was built.
 */
export async function ensureBuilt(root, project, build) {
  const stampPath = join(root, ".relevo", `${project.replaceAll("/", "-")}.built`);
  const folders = projectFolders(root, project);
  // Before the build: an edit while it runs makes the next start build again.
  const inputs = inputStamp(root, folders);
  if (readText(stampPath) === `${inputs}\n${outputStamp(root, folders)}\n`) return false;
  rmSync(stampPath, { force: true });
  await build();
  mkdirSync(dirname(stampPath), { recursive: true });
  const fresh = `${stampPath}.${process.pid}`;
  writeFileSync(fresh, `${inputs}\n${outputStamp(root, folders)}\n`);
  renameSync(fresh, stampPath);
  return true;
}

/**
 * The project and the members of the workspace that it needs at run time, directly or not.
 *
 * @param {string} root
 * @param {string} project
 * @returns {string[]}
 */
export function projectFolders(root, project) {
  const members = ["apps", "packages", "tools"].flatMap((parent) =>
    list(join(root, parent))
      .filter((entry) => existsSync(join(root, parent, entry.name, "package.json")))
      .map((entry) => `${parent}/${entry.name}`),
  );
  const folderOf = new Map(members.map((folder) => [manifestOf(root, folder).name, folder]));
  const found = new Set([project]);
  // A set is walked through with what is added on the way.
  for (const folder of found) {
    const { dependencies, peerDependencies } = manifestOf(root, folder);
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const needed = folderOf.get(name);
      if (needed !== undefined) found.add(needed);
    }
  }
  return [...found].sort();
}

/** What the build of every project depends on beside its own files: the inputs that nx.json calls `toolchain`. */
const toolchain = ["package.json", "pnpm-lock.yaml", "tsconfig.base.json", "nx.json"];

/**
 * @param {string} root
 * @param {readonly string[]} folders
 */
function inputStamp(root, folders) {
  const hash = createHash("sha256");
  const paths = folders.flatMap((folder) => [
    `${folder}/package.json`,
    `${folder}/tsconfig.json`,
    ...files(root, `${folder}/src`),
  ]);
  for (const path of [...toolchain, ...paths]) {
    const content = readText(join(root, path));
    hash.update(`${path}\0${content === undefined ? "missing" : `${content.length}\0${content}`}\0`);
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @param {readonly string[]} folders
 */
function outputStamp(root, folders) {
  const hash = createHash("sha256");
  for (const path of folders.flatMap((folder) => files(root, `${folder}/dist`))) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex");
}

/**
 * The files below a folder in a fixed order; none where there is no such folder.
 *
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function files(root, folder) {
  return list(join(root, folder)).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? files(root, path) : [path];
  });
}

/** @param {string} path */
function list(path) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {{ name: string, dependencies?: Record<string, string>, peerDependencies?: Record<string, string> }}
 */
function manifestOf(root, folder) {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
