import { customCounter } from "../src/tokens/custom-counter.ts";
import { estimateCounter } from "../src/tokens/estimate-counter.ts";
import { gptCounter } from "../src/tokens/gpt-counter.ts";
import { measureTokenError } from "./measure-token-error.ts";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(9);

const counters = [
  { title: "estimateCounter()", counter: estimateCounter() },
  { title: "length / 4, for comparison", counter: customCounter("length-4", (text) => text.length / 4) },
];
const heads = ["samples", "bias", "median", "p95", "worst"].map((head) => head.padStart(9)).join("");

for (const encoding of ["o200k_base", "cl100k_base"] as const) {
  const truth = await gptCounter(encoding);
  for (const { title, counter } of counters) {
    console.log(`\n${title}, against ${encoding}\n${"section".padEnd(14)}${heads}`);
    for (const row of measureTokenError(counter, truth)) {
      const figures = [row.bias, row.median, row.p95, row.worst].map(percent).join("");
      console.log(`${row.section.padEnd(14)}${String(row.samples).padStart(9)}${figures}`);
    }
  }
}
