import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

const source = (name: string) => JSON.stringify(join(import.meta.dirname, "..", "src", name));

/** Launches a program the way the commands do, in a process of its own. */
function launch(program: string) {
  const launcher = `import { runProgram } from ${source("run-program.mjs")};
    process.exitCode = await runProgram(process.execPath, ["--eval", ${JSON.stringify(program)}, "--", "--leads", "a file"], {
      cwd: process.cwd(),
      env: process.env,
    });`;
  return spawn(process.execPath, ["--input-type=module", "--eval", launcher], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

it("passes arguments, standard input, standard output and the exit code through", async () => {
  const child = launch(`console.log(process.argv.slice(1).join("|"));
    process.stdin.on("data", (chunk) => process.stdout.write(chunk)).on("end", () => process.exit(3));`);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  child.stdin.end("a lead\n");
  const [code] = await once(child, "close");
  expect(output).toBe("--leads|a file\na lead\n");
  expect(code).toBe(3);
});

it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "passes %s on and lets the program decide",
  async (signal) => {
    const child = launch(`process.on(${JSON.stringify(signal)}, () => process.exit(9));
    setInterval(() => {}, 1000); console.log("ready");`);
    await once(child.stdout, "data");
    child.kill(signal);
    const [code] = await once(child, "close");
    expect(code).toBe(9);
  },
);

it("tells by the exit code that a signal ended the program", async () => {
  const child = launch('process.kill(process.pid, "SIGKILL");');
  const [code] = await once(child, "close");
  expect(code).toBe(137);
});
