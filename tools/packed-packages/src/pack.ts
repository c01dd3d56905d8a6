import { mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "@relevo/test-run";
import type { PublicPackage } from "./public-packages.ts";

/** The tarball of a package, as the registry would get it. */
export interface PackedPackage extends PublicPackage {
  readonly tarball: string;
  /** Paths in the tarball, relative to the package. */
  readonly files: readonly string[];
}

/** Packs one package into a folder. @throws Error with what pnpm printed when it cannot be packed. */
export async function packPackage(
  root: string,
  member: PublicPackage,
  target: string,
): Promise<PackedPackage> {
  const own = await mkdtemp(join(target, "pack-"));
  const packed = await runCommand("pnpm", ["pack", "--pack-destination", own], {
    cwd: join(root, member.folder),
  });
  const [name] = await readdir(own);
  if (packed.code !== 0 || name === undefined) throw new Error(`pnpm pack failed:\n${packed.output}`);
  const tarball = join(own, name);
  const listed = await runCommand("tar", ["-tzf", tarball], { cwd: own });
  const files = listed.standardOutput
    .split("\n")
    .filter((path) => path !== "")
    .map((path) => path.replace(/^package\//u, ""));
  return { ...member, tarball, files };
}
