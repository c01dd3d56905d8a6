import { alignColumns } from "./align-columns.ts";
import type { Target } from "./benchmark.ts";
import type { Measurement, Quartiles } from "./measure.ts";

/** The measurements as a table for people. */
export function formatTable(measurements: readonly Measurement[]): string {
  const header = ["operation", "floor", "floor µs", "ours µs", "ratio", "target", "within"];
  const rows = measurements.map((one) => [
    one.name,
    one.floor,
    figure(one.floorMicros.median),
    spread(one.subjectMicros),
    `${one.ratio.median.toFixed(2)} (${one.ratio.low.toFixed(2)}–${one.ratio.high.toFixed(2)})`,
    one.target === undefined ? "–" : describe(one.target, one.beyondMicros),
    one.withinTarget === undefined ? "–" : one.withinTarget ? "yes" : "NO",
  ]);
  return alignColumns(header, rows, 2);
}

function describe(target: Target, beyond: Quartiles): string {
  if ("ratio" in target) return `<= ${target.ratio} x`;
  if ("micros" in target) return `<= ${target.micros} µs`;
  const sign = beyond.median < 0 ? "" : "+";
  return `${sign}${beyond.median.toFixed(2)} <= floor + ${target.beyondFloorMicros} µs`;
}

function spread({ low, median, high }: Quartiles): string {
  return `${figure(median)} (${figure(low)}–${figure(high)})`;
}

function figure(micros: number): string {
  return micros >= 100 ? micros.toFixed(0) : micros >= 1 ? micros.toFixed(1) : micros.toFixed(2);
}
