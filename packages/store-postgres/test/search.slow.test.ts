import { describeConformance, describeMutants, searchCases } from "@relevo/store-conformance";
import { pgliteHarness } from "./harness.ts";

// With vectors, which the server of the other tests lacks. Both handles are of one process, and read what the other writes.
describeConformance(pgliteHarness, { cases: searchCases });
describeMutants(pgliteHarness, { onlyTargets: searchCases.map(({ id }) => id) });
