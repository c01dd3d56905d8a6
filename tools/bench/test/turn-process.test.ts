import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { forkTurns } from "../src/turn/fork-turns.ts";
import { serverProcessorTime } from "../src/turn/server-processor-time.ts";
import { runEverySubject } from "./run-every-subject.ts";

it("a process runs turns of every subject of the store in process", () => runEverySubject("process"));

describe("forkTurns", () => {
  const script = `${import.meta.dirname}/fixtures/turn-client.ts`;
  const request = { subject: 0, history: 20, lanes: 1, turns: 7 };

  it("calls a process of its own, whose failures arrive", async () => {
    await using turns = forkTurns(script, ["peers"]);
    expect(await turns.open("Redis", "redis://x")).toEqual(["Redis", "redis://x", "peers"]);
    expect(await turns.run(request)).toMatchObject({ turns: 7 });
    await expect(turns.prepare(request)).rejects.toThrow("no 7 turns here");
  });

  it("fails what waits when the process ends, and all after it", async () => {
    await using turns = forkTurns(script, []);
    await expect(turns.close()).rejects.toThrow("exit code 3");
    await expect(turns.run(request)).rejects.toThrow("exit code 3");
  });
});

describe.runIf(process.platform === "linux")("serverProcessorTime", () => {
  it("grows with what the process does", () => {
    const before = serverProcessorTime(process.pid) ?? Number.NaN;
    let after = before;
    for (let work = 0; after === before && work < 1e6; work++)
      after = serverProcessorTime(process.pid) ?? after;
    expect(after).toBeGreaterThan(before);
  });

  it("keeps what a child took that has ended", () => {
    const before = serverProcessorTime(process.pid) ?? Number.NaN;
    const burn = "while (process.cpuUsage().user < 200_000);";
    expect(spawnSync(process.execPath, ["-e", burn]).status).toBe(0);
    const after = serverProcessorTime(process.pid) ?? Number.NaN;
    // This process slept meanwhile.
    expect(after - before).toBeGreaterThan(180);
  });

  it("is not known of a process that is not there", () => {
    expect(serverProcessorTime(2 ** 30)).toBeUndefined();
  });
});
