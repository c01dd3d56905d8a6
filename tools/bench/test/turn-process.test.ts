import { spawnSync } from "node:child_process";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { forkTurns } from "../src/turn/fork-turns.ts";
import { serverProcessorTime } from "../src/turn/server-processor-time.ts";
import { turnGroups } from "../src/turn/turn-groups.ts";
import { createTurnProcess } from "../src/turn/turn-process.ts";

const available = {
  process: true,
  redis: requireService("redis", { for: "turns on Redis" }),
  postgres: requireService("private-postgres", { for: "turns on Postgres" }),
};

describe("createTurnProcess", () => {
  for (const [name, there] of Object.entries(available)) {
    it.skipIf(!there)(`runs turns of every subject of ${name}`, { timeout: 600_000 }, async () => {
      const group = turnGroups()[name];
      if (group === undefined) throw new Error(`There is no group ${name}.`);
      const server = await group.start();
      if (typeof server === "string") throw new Error(server);
      await using _server = server;
      await using turns = createTurnProcess([group], "test");
      const subjects = await turns.open(group.title, server.url);
      expect(subjects).toContain("Relevo");
      for (const [subject] of subjects.entries()) {
        const request = { subject, history: 30, lanes: 3, turns: 12 };
        await turns.prepare(request);
        // Each turn is refused unless it shows its own question last, and 20 messages at most.
        expect(await turns.run(request)).toMatchObject({ turns: 12 });
      }
      await server.settle?.();
    });
  }
});

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
