import { describeConformance } from "@relevo/store-conformance";
import { pgliteHarness } from "./harness.ts";

describeConformance(pgliteHarness);
