import { defineConfig } from "vitest/config";
import common from "./vitest.config.ts";

/** The tests of the slow tier, `*.slow.test.ts`: as the others, with a report of their own. */
export default defineConfig({
  test: {
    ...common.test,
    include: ["test/**/*.slow.test.ts"],
    exclude: [],
    reporters: ["default", "json"],
    outputFile: { json: ".reports/slow.json" },
  },
});
