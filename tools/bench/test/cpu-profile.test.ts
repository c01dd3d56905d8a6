import { describe, expect, it } from "vitest";
import { type CpuProfile, formatProfile, partOf, selfTimeByPart } from "../src/turn/cpu-profile.ts";

const root = "file:///code/relevo";
const frame = (functionName: string, url = "") => ({ functionName, url });

/** hash() of Node.js below the fingerprint, a socket that nothing of ours called, garbage, and idle time. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 4, 5, 6] },
    {
      id: 2,
      callFrame: frame("fingerprint", `${root}/packages/core/dist/fingerprint.js`),
      children: [3],
    },
    { id: 3, callFrame: frame("hash", "node:internal/crypto/hash") },
    { id: 4, callFrame: frame("onStreamRead", "node:internal/stream_base_commons") },
    { id: 5, callFrame: frame("(garbage collector)") },
    { id: 6, callFrame: frame("(idle)") },
  ],
  samples: [2, 3, 4, 6, 5, 3],
  timeDeltas: [900, 10, 20, 30, 1000, 40],
  turns: 2,
  processorMs: 0.5,
};

describe("selfTimeByPart", () => {
  it("gives each sample the time until the next one, and Node.js's own work to its caller", () => {
    expect(Object.fromEntries(selfTimeByPart(profile))).toEqual({
      "core: fingerprint": 30,
      "Node.js": 30,
      "garbage collection": 40,
    });
  });
});

describe("partOf", () => {
  it.each([
    ["packages/core/dist/input/events.js", "core: admission"],
    ["packages/core/dist/message.js", "core: admission"],
    ["packages/core/dist/store/log-port.js", "core: createStore"],
    ["packages/core/dist/read-all.js", "core: other"],
    ["packages/store-redis/dist/log/event-codec.js", "store-redis: codec"],
    ["packages/store-redis/dist/log/append.js", "store-redis: driver"],
    ["packages/truncation/dist/view/view-state.js", "truncation"],
    ["tools/bench/dist/turn/run-slice.js", "benchmark"],
    ["node_modules/.pnpm/@redis+client@6/node_modules/@redis/client/dist/x.js", "library: @redis/client"],
    ["tools/bench-peers/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js", "library: pg"],
  ])("%s is %s", (file, part) => {
    expect(partOf(frame("f", `${root}/${file}`))).toBe(part);
  });
});

describe("formatProfile", () => {
  it("prints microseconds a turn, the largest first, beside those of before", () => {
    const before = { ...profile, samples: [2, 2], timeDeltas: [0, 400], turns: 4 };
    const text = formatProfile(profile, { before, top: 1 });
    expect(text).toContain("processor time of the process: 250 µs a turn");
    expect(text).toMatch(/^core: fingerprint +100\.0 +15\.0 +30 %$/m);
    expect(text).toMatch(/^garbage collection +0\.0 +20\.0 +40 %$/m);
    expect(text).toMatch(/^all +100\.0 +50\.0 +100 %$/m);
    expect(text).toMatch(/^fingerprint {2}packages\/core\/dist\/fingerprint\.js +100\.0/m);
    expect(text).not.toContain("onStreamRead");
  });

  it("takes a profile of anything", () => {
    const { turns: _, processorMs: __, ...plain } = profile;
    expect(formatProfile(plain)).toMatch(/^all +100\.0 +100 %$/m);
  });
});
