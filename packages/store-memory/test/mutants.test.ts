import { describeMutants } from "@relevo/store-conformance";
import { memoryHarness } from "./harness.ts";

describeMutants(memoryHarness);
