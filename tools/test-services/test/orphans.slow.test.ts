import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requireService } from "../src/index.ts";
import { poll } from "../src/poll.ts";
import { isAlive, processTree } from "../src/process-tree.ts";

const entry = new URL("../dist/index.js", import.meta.url).href;
const start = {
  redis: "startRedis({ persistence: 'always' })",
  "private-postgres": "startPrivatePostgres()",
} as const;

/** What the parent does, or what is done to it, with its servers still running. */
const ends = {
  "is killed with SIGKILL": { signal: "SIGKILL", ending: "setInterval(() => undefined, 1000);" },
  "is interrupted": { signal: "SIGINT", ending: "setInterval(() => undefined, 1000);" },
  "runs to its end": { signal: undefined, ending: "" },
  "dies of an error": { signal: undefined, ending: "throw new Error('on purpose');" },
  "is killed with the server paused": {
    signal: "SIGKILL",
    ending: "server.pause(); setInterval(() => undefined, 1000);",
  },
} as const;

for (const service of ["redis", "private-postgres"] as const) {
  describe.skipIf(!requireService(service))(`a parent of ${service}`, () => {
    for (const [what, { signal, ending }] of Object.entries(ends)) {
      it(`that ${what} leaves no process and no folder`, async () => {
        const code = `
          const { startRedis, startPrivatePostgres } = await import(${JSON.stringify(entry)});
          const server = await ${start[service]};
          console.log(JSON.stringify({ pid: server.pid, dir: server.dir }));
          await new Promise((resolve) => process.stdin.once("data", resolve));
          process.stdin.destroy();
          ${ending}
          console.log("ready");`;
        const parent = spawn(process.execPath, ["--input-type=module", "-e", code], {
          stdio: ["pipe", "pipe", "ignore"],
        });
        const lines = readLines(parent);
        const { pid, dir } = JSON.parse(
          await poll(() => lines[0], { waitingFor: () => "the server of a child" }),
        );
        // Some of them are workers that live for a moment: only the server itself has to be there.
        const processes = processTree(pid);
        expect(isAlive(pid)).toBe(true);
        expect(existsSync(dir)).toBe(true);

        const ended = once(parent, "exit");
        parent.stdin?.write("go\n");
        if (signal !== undefined) {
          await poll(() => lines[1], { waitingFor: () => "the child to be ready" });
          parent.kill(signal);
        }
        await ended;
        await poll(() => !processes.some(isAlive) && !existsSync(dir), {
          waitingFor: () => `${processes.filter(isAlive)} to end and ${dir} to go`,
        });
      });
    }
  });
}

function readLines(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  return lines;
}
