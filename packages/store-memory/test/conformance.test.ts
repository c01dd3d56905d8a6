import { describeConformance } from "@relevo/store-conformance";
import { memoryHarness } from "./harness.ts";

describeConformance(memoryHarness);
