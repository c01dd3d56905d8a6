import { describeConformance } from "../../src/index.ts";
import { keyValueHarness } from "./harness.ts";

describeConformance(keyValueHarness("key-value driver"));
