import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Installs the other libraries beside this file when one is missing. @throws Error when that fails. */
export function installPeers(): void {
  const needed = ["redis", "@langchain/langgraph"];
  if (needed.every((name) => existsSync(new URL(`node_modules/${name}`, import.meta.url)))) return;
  const { status } = spawnSync("pnpm", ["install", "--frozen-lockfile"], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`pnpm install ended with ${status}.`);
}
