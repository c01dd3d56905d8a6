import { describeConformance } from "@relevo/store-conformance";
import { afterAll, beforeAll, describe, vi } from "vitest";
import { pgliteHarness } from "./harness.ts";

describe("in process", () => {
  // The same SQL lives all stories on a server in this run; here, one after the other, they took longer than all else.
  beforeAll(() => vi.stubEnv("RELEVO_RUNS", "10"));
  afterAll(() => vi.unstubAllEnvs());

  describeConformance(pgliteHarness);
});
