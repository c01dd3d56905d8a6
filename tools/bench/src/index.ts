export type { Benchmark, Target, Work } from "./benchmark.ts";
export { formatTable } from "./format-table.ts";
export { inProcessBenchmarks } from "./in-process.ts";
export { type Measurement, type MeasureOptions, measure, type Quartiles, quartiles } from "./measure.ts";
