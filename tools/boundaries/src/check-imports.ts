import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { Project } from "@relevo/test-run";
import { isAllowed, layerOf } from "./layers.ts";
import type { Manifest } from "./manifest.ts";
import { packageName } from "./package-name.ts";
import type { SourceFile } from "./source-files.ts";

/** A project with what it declares and what its files import. */
export interface Member extends Project {
  readonly manifest: Manifest;
  readonly files: readonly SourceFile[];
}

/**
 * Everything that a project imports and may not: across the layers, without declaring it, or past the public entry
 * of another package. `shared` are the names that the workspace installs for all tests.
 */
export function checkImports(
  member: Member,
  members: readonly Member[],
  shared: ReadonlySet<string>,
): readonly string[] {
  const problems = [...checkLayers(member, members), ...checkCore(member), ...checkTelemetry(member)];
  for (const file of member.files) {
    for (const specifier of new Set(file.imports)) {
      const problem = specifier.startsWith(".")
        ? checkRelative(file.path, specifier)
        : checkNamed(member, members, shared, file, specifier);
      if (problem !== undefined) problems.push(`${file.path}: ${problem}`);
    }
  }
  return problems;
}

/** What the manifest declares and what the files import against the table of layers. */
function checkLayers({ root, manifest, files }: Member, members: readonly Member[]): readonly string[] {
  const from = layerOf(root);
  const published = new Set([
    ...manifest.production,
    ...files.filter(isPublished).flatMap(({ imports }) => imports.map(packageName)),
  ]);
  const tested = new Set([
    ...manifest.development,
    ...files.filter((file) => !isPublished(file)).flatMap(({ imports }) => imports.map(packageName)),
  ]);
  return [...new Set([...published, ...tested])].flatMap((name) => {
    const target = members.find((other) => other.name === name);
    if (target === undefined || target.root === root) return [];
    const to = layerOf(target.root);
    const inTests = !published.has(name) && tested.has(name);
    if (isAllowed(from, to, inTests)) return [];
    return [`${from} may not depend on ${to}: ${name}${inTests ? " (for its tests)" : ""}`];
  });
}

/** Whether the file is part of what people install; the rest are tests and scripts. */
function isPublished({ path }: SourceFile): boolean {
  return path.startsWith("src/");
}

function checkCore({ root, manifest }: Member): readonly string[] {
  if (layerOf(root) !== "core") return [];
  return [...manifest.production].map((name) => `core has no dependencies, but declares ${name}`);
}

/**
 * One package knows OpenTelemetry, and of it the API alone: the others have to work where it is not installed, and who
 * runs the process chooses the SDK. Apps and tools compose an SDK themselves.
 */
function checkTelemetry({ root, manifest, files }: Member): readonly string[] {
  if (!root.startsWith("packages/")) return [];
  const mayUse = (name: string): boolean =>
    !name.startsWith("@opentelemetry/") ||
    (root === "packages/handoff-tracing" && name === "@opentelemetry/api");
  const declared = [...manifest.production].filter((name) => !mayUse(name));
  const imported = files
    .filter(isPublished)
    .flatMap(({ path, imports }) =>
      imports.filter((name) => !mayUse(packageName(name))).map((name) => `${path} imports ${name}`),
    );
  return [...declared.map((name) => `declares ${name}`), ...imported].map(
    (problem) => `only handoff-tracing may use OpenTelemetry, and only its API: ${problem}`,
  );
}

function checkRelative(path: string, specifier: string): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  return target.startsWith("..") ? `imports a file of another project: ${specifier}` : undefined;
}

function checkNamed(
  member: Member,
  members: readonly Member[],
  shared: ReadonlySet<string>,
  file: SourceFile,
  specifier: string,
): string | undefined {
  if (isBuiltin(specifier)) return undefined;
  const name = packageName(specifier);
  const { production, development } = member.manifest;
  if (name !== member.name && !production.has(name)) {
    if (isPublished(file)) return `imports ${specifier}, which is not among its dependencies`;
    if (!development.has(name) && !shared.has(name)) return `imports ${specifier}, which is not declared`;
  }
  const target = members.find((other) => other.name === name);
  const entry = `.${specifier.slice(name.length)}`;
  if (target === undefined || target.manifest.entries.has(entry)) return undefined;
  return `imports ${specifier}, which is not a public entry of ${name}`;
}
