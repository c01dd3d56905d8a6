import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** A project with what its manifest names, of the workspace alone. */
export interface Member {
  readonly name: string;
  /** Folder, relative to the workspace, with `/`. */
  readonly root: string;
  /** What it loads wherever it is used. */
  readonly production: readonly string[];
  /** What its tests and scripts may load besides. */
  readonly development: readonly string[];
}

/** Test files of a project that load the same other projects: they run again together, and only when one of those changed. */
export interface TestGroup {
  /** The Nx target that runs them, `test` when all files of the project load the same. */
  readonly target: string;
  /** Relative to the project, with `/`, in their order. */
  readonly files: readonly string[];
  /** The other projects that they load, and what these load. */
  readonly projects: readonly string[];
  /** Files and folders outside of the project that they name, relative to the workspace. */
  readonly outside: readonly string[];
}

export const tiers = ["test", "slow"] as const;

export type Tier = (typeof tiers)[number];

/** The test files of a tier, relative to the project's folder, with `/`. */
export function testFiles(folder: string, tier: Tier): readonly string[] {
  const files = globSync("test/**/*.test.ts", { cwd: folder }).map((file) => file.split(sep).join("/"));
  return files.filter((file) => file.endsWith(".slow.test.ts") === (tier === "slow")).sort();
}

/**
 * The groups of a project's test files. What a file loads is what it, and each file that it imports or names in a
 * literal path, names: `"@relevo/core"`, `new URL("../processes/child.ts", import.meta.url)`. Types are left out: they
 * are gone when the test runs. A file that puts paths together itself (`import.meta.dirname`) may load all that the
 * manifest names, and one that starts what was built (`dist`) loads what the whole project does.
 *
 * One group when `together` is set, and for the slow tier: it runs where nothing is cached.
 */
export function testGroups(
  root: string,
  name: string,
  members: ReadonlyMap<string, Member>,
  tier: Tier,
  together: boolean,
): readonly TestGroup[] {
  const project = members.get(name);
  if (project === undefined) return [];
  const groups = new Map<string, Group>();
  for (const file of testFiles(join(root, project.root), tier)) {
    const found = loadedBy(root, project, members, join(root, project.root, file));
    const projects = closure(found.names, members);
    projects.delete(name);
    const key = together || tier === "slow" ? "" : nameOf(projects, members);
    add(groups, { key, files: [file], projects, outside: found.outside });
  }
  const joined = joinSmall([...groups.values()]);
  return joined
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ key, files, projects, outside }) => ({
      target: joined.length === 1 ? tier : `${tier}--${key}`,
      files: files.sort(),
      projects: [...projects].sort(),
      outside: [...outside].sort(),
    }));
}

interface Group {
  readonly key: string;
  readonly files: string[];
  readonly projects: Set<string>;
  readonly outside: Set<string>;
}

function add(groups: Map<string, Group>, more: Group): void {
  const group = groups.get(more.key);
  if (group === undefined) groups.set(more.key, more);
  else take(group, more);
}

function take(group: Group, { files, projects, outside }: Group): void {
  group.files.push(...files);
  for (const name of projects) group.projects.add(name);
  for (const path of outside) group.outside.add(path);
}

/** A process for one or two files costs more than it saves: they run with the group that loads least beside what they load. */
const smallest = 4;

function joinSmall(groups: readonly Group[]): Group[] {
  const left = [...groups].sort((a, b) => a.projects.size - b.projects.size);
  const large: Group[] = [];
  for (let group = left.shift(); group !== undefined; group = left.shift()) {
    const { files, projects } = group;
    const wider = left.find((other) => [...projects].every((name) => other.projects.has(name)));
    if (files.length < smallest && wider !== undefined) take(wider, group);
    else large.push(group);
  }
  return large;
}

/** These projects and all that they load wherever they are used. */
function closure(names: Iterable<string>, members: ReadonlyMap<string, Member>): Set<string> {
  const loaded = new Set<string>();
  const left = [...names];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (loaded.has(name)) continue;
    loaded.add(name);
    left.push(...(members.get(name)?.production ?? []));
  }
  return loaded;
}

/** What tells the groups of a project apart: `memory+store-redis`, without what these load themselves. */
function nameOf(projects: ReadonlySet<string>, members: ReadonlyMap<string, Member>): string {
  const implied = closure(
    [...projects].flatMap((name) => members.get(name)?.production ?? []),
    members,
  );
  const named = [...projects].filter((name) => !implied.has(name));
  const short = named.map((name) => name.replace(/^@[^/]*\//u, ""));
  return short.sort().join("+") || "alone";
}

interface Loaded {
  readonly names: Set<string>;
  readonly outside: Set<string>;
}

const sourceName = /\.[cm]?[jt]s$/u;
/** A package that a comment speaks of is not loaded. */
const comments = /^[ \t]*(?:\/\*[\s\S]*?\*\/|\/\/.*)/gmu;
const typeImports = /^(?:import|export) type [^;]*? from ["'][^"']+["'];$/gmu;
const references = /["'`]((?:\.{1,2}\/|@[\w-]+\/)[^"'`\n$]*)["'`]/gu;

function loadedBy(
  root: string,
  project: Member,
  members: ReadonlyMap<string, Member>,
  testFile: string,
): Loaded {
  const loaded: Loaded = { names: new Set(), outside: new Set() };
  const seen = new Set<string>();
  const left = [testFile];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(file, "utf8").replaceAll(comments, "").replaceAll(typeImports, "");
    if (text.includes("import.meta.dirname")) {
      for (const name of [...project.production, ...project.development]) loaded.names.add(name);
    }
    for (const [, reference = ""] of text.matchAll(references)) {
      if (reference.startsWith("@")) {
        const name = reference.split("/").slice(0, 2).join("/");
        if (members.has(name)) loaded.names.add(name);
        continue;
      }
      const path = join(dirname(file), reference);
      if (!existsSync(path)) continue;
      const place = relative(join(root, project.root), path).split(sep).join("/");
      if (!place.startsWith("../")) {
        if (place.startsWith("dist/")) for (const name of project.production) loaded.names.add(name);
        else if (sourceName.test(place) && !place.startsWith("node_modules/")) left.push(path);
        continue;
      }
      const fromRoot = relative(root, path).split(sep).join("/");
      // Texts that only look like paths, such as those of tests about paths, may end outside of the workspace.
      if (fromRoot === "" || fromRoot.startsWith("..")) continue;
      loaded.outside.add(statSync(path).isDirectory() ? `${fromRoot}/**/*` : fromRoot);
      const owner = [...members.values()].find((member) => fromRoot.startsWith(`${member.root}/`));
      if (owner !== undefined) loaded.names.add(owner.name);
    }
  }
  return loaded;
}
