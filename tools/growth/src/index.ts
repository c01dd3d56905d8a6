export { type CountedGrowth, countGrowth, type Excess } from "./count-growth.ts";
export { createWorkCounter, type Work, type WorkCounter } from "./count-work.ts";
export { type EntryPoint, entryPoint } from "./entry-point.ts";
export { exponentOf, type GrowthPoint } from "./exponent-of.ts";
export { type Growth, measureGrowth } from "./measure-growth.ts";
