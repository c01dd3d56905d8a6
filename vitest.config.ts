import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Shared by every project: each one runs its own tests and leaves a report that `npm test` counts. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These run in `.ci/run`, see vitest.slow.config.ts.
    exclude: ["**/*.slow.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: ".reports/test.json" },
    // Limits end a hang and nothing else: no test may depend on how busy the machine is.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
    retry: 0,
    // The files of a package share their workers: a worker of its own loads everything again, which is most of what a small file costs.
    isolate: false,
    // Node.js loads the tests itself, as users' programs, and keeps what it compiled (NODE_COMPILE_CACHE). Vite's module
    // runner takes a third more processor time (27 s for packages/memory instead of 20); `vi.mock` works with it alone.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // Vitest leaves one core to itself: of two, a package that runs alone would use one. Many tests wait for a server.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Of tests that say so themselves: those that wait for a server's clock.
    maxConcurrency: 12,
    passWithNoTests: false,
  },
});
