import { execFile } from "node:child_process";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { requireService } from "@relevo/test-services";
import { expect, it } from "vitest";

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numTotalTests: number;
}

const project = join(import.meta.dirname, "..");

/** The Vitest that the kit brings, which is not ours. */
async function vitestOfKit(): Promise<string> {
  const kit = await realpath(
    fileURLToPath(import.meta.resolve("@langchain/langgraph-checkpoint-validation")),
  );
  return join(dirname(createRequire(kit).resolve("vitest/package.json")), "vitest.mjs");
}

/**
 * Runs the kit in a process of its own. Its command starts its Vitest in the same way, but cannot read any initializer in
 * version 1.1.1: the schema that it checks them by is not among the exports that it imports it from.
 */
async function runKit(store: string): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "validation-kit-"));
  try {
    const [config, report] = [join(folder, "vitest.config.mjs"), join(folder, "report.json")];
    await writeFile(
      config,
      `export default { test: { globals: true, include: ["test/kit/*.ts"], testTimeout: 600_000, hookTimeout: 600_000 } };`,
    );
    const given = ["run", "--config", config, "--root", project, "--reporter=json", `--outputFile=${report}`];
    await promisify(execFile)(process.execPath, [await vitestOfKit(), ...given], {
      cwd: project,
      env: { ...process.env, NO_COLOR: "1", CI: "true", KIT_STORE: store },
      maxBuffer: 64 * 1024 * 1024,
    }).catch((error: { readonly stderr?: string }) => console.error(error.stderr));
    return JSON.parse(await readFile(report, "utf8")) as Report;
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const store of ["memory", "redis", "postgres"] as const) {
  const isThere =
    store === "memory" || requireService(store, { for: "the validation kit of LangGraph on it" });
  it.skipIf(!isThere)(
    `LangGraph's validation kit passes whole on ${store}, run by its own Vitest`,
    async () => {
      const { success, numPassedTests, numTotalTests } = await runKit(store);
      expect([success, numPassedTests]).toEqual([true, numTotalTests]);
      // 1.1.1 has 725, and 17 for delta channels.
      expect(numTotalTests).toBeGreaterThan(700);
    },
  );
}
