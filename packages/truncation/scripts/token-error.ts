import { customCounter } from "../src/tokens/custom-counter.ts";
import { estimateCounter } from "../src/tokens/estimate-counter.ts";
import { gptCounter } from "../src/tokens/gpt-counter.ts";
import { measureTokenError } from "./measure-token-error.ts";
import { measureTokenFloor } from "./measure-token-floor.ts";

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

const truths = [await gptCounter("o200k_base"), await gptCounter("cl100k_base")];
const seed = Number(process.env.RELEVO_SEED ?? 1);
const floors = measureTokenFloor(estimateCounter(), truths, { seed, samples: 6 });
console.log(`\nestimateCounter(), the lowest share of the dearer of both, seed ${seed}`);
for (const { name, worst, text } of floors) {
  console.log(`${name.padEnd(32)}${worst.toFixed(2).padStart(6)}  ${JSON.stringify(text.slice(0, 24))}`);
}
const lowest = floors.reduce((one, other) => (other.worst < one.worst ? other : one));
console.log(`The lowest is ${lowest.name} with ${lowest.worst.toFixed(3)}.`);
if (lowest.worst < 2 / 3) process.exitCode = 1;
