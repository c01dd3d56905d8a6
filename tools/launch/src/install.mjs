import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runStep } from "./step.mjs";
import { installedTool, pnpmVersion, workspaceEnvironment } from "./workspace.mjs";

const stampName = ".relevo-installed";

/**
 * How much is installed: everything, or what the lead pipeline needs to run and the Node.js that runs it, which is
 * a third of it.
 *
 * @typedef {"workspace" | "lead pipeline"} Scope
 */

/** @type {Readonly<Record<Scope, { title: string, arguments: readonly string[] }>>} */
const installations = {
  workspace: { title: "install packages", arguments: [] },
  "lead pipeline": {
    title: "install the lead pipeline",
    arguments: ["--prod", "--filter", "{.}", "--filter-prod", "@relevo/lead-pipeline..."],
  },
};

/**
 * Installs what the lockfile says, or finds that this was done already and needs no network then. Where the tools
 * of the workspace are installed, everything is brought up to date: less would take them away.
 *
 * @param {string} root
 * @param {Scope} scope
 * @param {(line: string) => void} report
 * @returns {Promise<void>}
 */
export async function ensureInstalled(root, scope, report) {
  const stampPath = join(root, "node_modules", stampName);
  const [stamp, before] = existsSync(stampPath) ? readFileSync(stampPath, "utf8").split("\n") : [];
  const wanted = installationStamp(root);
  if (stamp === wanted && (before === scope || before === "workspace")) return;

  const pnpm = installedTool(root, "pnpm");
  const chosen = pnpm === undefined ? scope : "workspace";
  const { title, arguments: selection } = installations[chosen];
  // Each tarball is compared with its hash in the lockfile. That the versions in it are old enough was checked before
  // they came into it, and is again by `.ci/run`; to check it here takes half a gigabyte of the registry's lists.
  const install = ["install", "--frozen-lockfile", "--trust-lockfile", ...selection];
  rmSync(stampPath, { force: true });
  // Without an installed one, npm's runner fetches it for any Node.js.
  await runStep(
    title,
    pnpm ?? "npx",
    pnpm === undefined ? ["--yes", `pnpm@${pnpmVersion(root)}`, ...install] : install,
    // Without CI=true pnpm asks before it replaces what was installed in another way.
    { cwd: root, env: { ...workspaceEnvironment(root), CI: "true" }, report },
  );
  writeFileSync(stampPath, `${wanted}\n${chosen}\n`);
}

/**
 * A hash over everything that decides what is installed: the lockfile, the workspace settings, every manifest, and
 * the machine, because packages with native parts differ.
 *
 * @param {string} root
 * @returns {string}
 */
export function installationStamp(root) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const path of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...memberManifests(root)]) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update("\n");
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @returns {string[]}
 */
function memberManifests(root) {
  return ["apps", "packages", "tools"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`))
    .filter((path) => existsSync(join(root, path)))
    .sort();
}
