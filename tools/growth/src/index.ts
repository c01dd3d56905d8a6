export { type EntryPoint, entryPoint } from "./entry-point.ts";
export { exponentOf, type GrowthPoint } from "./exponent-of.ts";
export { type Growth, measureGrowth } from "./measure-growth.ts";
