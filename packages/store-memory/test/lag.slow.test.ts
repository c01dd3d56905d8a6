import { describeConformance, describeMutants } from "@relevo/store-conformance";
import { it } from "vitest";
import { laggingHarness } from "./lagging-harness.ts";

// Side by side: much of their time they wait for what lags.
describeConformance(laggingHarness, { it: it.concurrent });
describeMutants(laggingHarness, { it: it.concurrent });
