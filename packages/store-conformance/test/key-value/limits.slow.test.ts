import { allCases, describeConformance } from "../../src/index.ts";
import { keyValueHarness } from "./harness.ts";

const kilobyte = 1024;

// Every batch that the kit sends fits into a commit, but most of its bytes are written before.
describeConformance(
  keyValueHarness("key-value driver with small values", {
    limits: { commitEntries: 6100, commitBytes: 1024 * kilobyte, valueBytes: kilobyte },
  }),
);

/** Send more items at once than such a commit takes. */
const tooLarge = new Set(["log/many-removals-are-remembered", "hostile/twin-keys-and-namespaces"]);

// Erasures, retractions and trims take many commits.
describeConformance(
  keyValueHarness("key-value driver with narrow commits", {
    limits: { commitEntries: 850, commitBytes: 128 * kilobyte, valueBytes: kilobyte },
  }),
  { cases: allCases.filter(({ id }) => !tooLarge.has(id)) },
);
