import { soakModels } from "@relevo/store-conformance";
import { memoryHarness } from "./harness.ts";

/** Random stories for as long as `RELEVO_SOAK_SECONDS` says; `RELEVO_SEED` makes one again. */
const seconds = Number(process.env.RELEVO_SOAK_SECONDS ?? 60);
const seed = process.env.RELEVO_SEED;
const stories = await soakModels(memoryHarness, {
  seconds,
  ...(seed === undefined ? {} : { seed: Number(seed) }),
  report: (line) => console.log(line),
});
console.log(`${stories} random stories held on ${memoryHarness.name}`);
