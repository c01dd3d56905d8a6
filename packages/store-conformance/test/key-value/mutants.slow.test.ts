import { describeMutants } from "../../src/index.ts";
import { keyValueHarness } from "./harness.ts";

describeMutants(keyValueHarness("key-value driver"));
