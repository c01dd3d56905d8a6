import { describeMutants } from "@relevo/store-conformance";
import { memoryHarness } from "./harness.ts";
import { ownMutants } from "./own-mutants.ts";

describeMutants(memoryHarness, { mutants: ownMutants });
