import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CountedGrowth,
  countGrowth,
  createWorkCounter,
  entryPoint,
  type WorkCounter,
} from "../src/index.ts";

type Program = (numbers: readonly number[]) => unknown;

let folder: string;
let counter: WorkCounter;
let programs: Readonly<Record<string, Program>>;

// In a script of its own, which is loaded after counting has begun.
const script = `
  export const once = (numbers) => { let sum = 0; for (const n of numbers) sum += n; return sum; };
  export const sorted = (numbers) => [...numbers].sort((left, right) => left - right);
  export const fromThreshold = (numbers) => { if (numbers.length > 4096) for (const n of numbers) once([n]); };
  export const loopInLoop = (numbers) => {
    let pairs = 0;
    for (const left of numbers) for (const right of numbers) if (left === right) pairs += 1;
    return pairs;
  };
  export const search = (numbers) => numbers.filter((n) => numbers.includes(-n - 1));
  export const searchInText = (numbers) => { const text = "a".repeat(numbers.length); return numbers.filter((n) => text.indexOf("b" + n) >= 0); };
  export const queue = (numbers) => { const left = [...numbers]; while (left.length > 0) left.shift(); };
  export const copies = (numbers) => { let all = []; for (const n of numbers) all = [...all, n]; return all; };
  export const spread = (numbers) => { let all = {}; for (const n of numbers) all = { ...all, ["k" + n]: n }; return all; };
  export const recursive = (numbers, from = 0) => from < numbers.length ? 1 + recursive(numbers, from + 1) : 0;
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-growth-"));
  const path = join(folder, "programs.mjs");
  await writeFile(path, script);
  counter = await createWorkCounter((url) => url.includes("programs.mjs"));
  programs = await import(/* @vite-ignore */ pathToFileURL(path).href);
});

afterAll(async () => {
  counter[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

function growthOf(name: string, last = 2 ** 12): Promise<CountedGrowth> {
  const run = programs[name];
  if (run === undefined) throw new Error(`There is no program ${name}.`);
  return countGrowth(
    entryPoint({ name, last, make: (size) => Array.from({ length: size }, (_, n) => n), run }),
    counter,
  );
}

describe("countGrowth", () => {
  test.each(["once", "sorted", "fromThreshold"])("%s passes", async (name) => {
    expect((await growthOf(name)).problem).toBeUndefined();
  });

  test.each([
    [
      "loopInLoop",
      /^loopInLoop at .*programs\.mjs, character \d+: \d+, \d+, \d+ for inputs of 256, 1024, 4096/,
    ],
    ["search", /^elements in array\.includes: 65536, 1048576, 16777216 for/],
    ["searchInText", /^elements in text\.indexOf/],
    ["queue", /^elements in array\.shift/],
    ["copies", /^bytes allocated/],
  ])("%s fails, and says what grows", async (name, problem) => {
    expect((await growthOf(name)).problem).toMatch(problem);
  });

  test("an object that is copied for each key fails", async () => {
    expect((await growthOf("spread", 2 ** 10)).problem).toMatch(/bytes allocated/);
  });

  test("what throws fails, and says at which size", async () => {
    expect((await growthOf("recursive", 2 ** 20)).problem).toMatch(/^threw at size \d+: .*call stack/);
  });
});
