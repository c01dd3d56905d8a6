import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { Project } from "@relevo/test-run";
import { isAllowed, layerOf } from "./layers.ts";
import type { Manifest } from "./manifest.ts";
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
  const problems = [...checkLayers(member, members), ...checkCore(member)];
  for (const { path, imports } of member.files) {
    for (const specifier of new Set(imports)) {
      const problem = specifier.startsWith(".")
        ? checkRelative(path, specifier)
        : checkNamed(member, members, shared, path, specifier);
      if (problem !== undefined) problems.push(`${path}: ${problem}`);
    }
  }
  return problems;
}

/** The edges of the project graph against the table of layers. */
function checkLayers(
  { root, manifest, dependencies }: Member,
  members: readonly Member[],
): readonly string[] {
  const from = layerOf(root);
  return [...new Set([...dependencies, ...manifest.production, ...manifest.development])].flatMap((name) => {
    const target = members.find((other) => other.name === name);
    if (target === undefined) return [];
    const to = layerOf(target.root);
    const inTests = !manifest.production.has(name) && manifest.development.has(name);
    if (isAllowed(from, to, inTests)) return [];
    return [`${from} may not depend on ${to}: ${name}${inTests ? " (for its tests)" : ""}`];
  });
}

function checkCore({ root, manifest }: Member): readonly string[] {
  if (layerOf(root) !== "core") return [];
  return [...manifest.production].map((name) => `core has no dependencies, but declares ${name}`);
}

function checkRelative(path: string, specifier: string): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  return target.startsWith("..") ? `imports a file of another project: ${specifier}` : undefined;
}

function checkNamed(
  member: Member,
  members: readonly Member[],
  shared: ReadonlySet<string>,
  path: string,
  specifier: string,
): string | undefined {
  if (isBuiltin(specifier)) return undefined;
  const name = packageName(specifier);
  const { production, development } = member.manifest;
  const published = path.startsWith("src/");
  if (name !== member.name && !production.has(name)) {
    if (published) return `imports ${specifier}, which is not among its dependencies`;
    if (!development.has(name) && !shared.has(name)) return `imports ${specifier}, which is not declared`;
  }
  const target = members.find((other) => other.name === name);
  const entry = `.${specifier.slice(name.length)}`;
  if (target === undefined || target.manifest.entries.has(entry)) return undefined;
  return `imports ${specifier}, which is not a public entry of ${name}`;
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
