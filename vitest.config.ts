import { defineConfig } from "vitest/config";

/** Shared by every project: each one runs its own tests and leaves a report that `npm test` counts. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", ["json", { outputFile: ".reports/test.json" }]],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    retry: 0,
    // Of tests that say so themselves: those that wait for a server's clock.
    maxConcurrency: 12,
    passWithNoTests: false,
  },
});
