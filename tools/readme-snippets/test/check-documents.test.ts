import { join } from "node:path";
import { createScratchWorkspace, type ScratchWorkspace } from "@relevo/test-run";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findDocuments } from "../src/documents.ts";

const workspace = join(import.meta.dirname, "..", "..", "..");
const main = join(workspace, "tools", "readme-snippets", "src", "main.ts");
const block = (code: string, info = "ts") => `\`\`\`${info}\n${code}\n\`\`\`\n`;

let scratch: ScratchWorkspace;

beforeAll(async () => {
  scratch = await createScratchWorkspace(workspace);
  await scratch.write({
    "packages/sums/package.json": JSON.stringify({
      name: "@relevo/sums",
      version: "0.1.0",
      type: "module",
      exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    }),
    "packages/sums/dist/index.js": "export const add = (a, b) => a + b;\n",
    "packages/sums/dist/index.d.ts": "export declare const add: (a: number, b: number) => number;\n",
  });
});

afterAll(() => scratch[Symbol.asyncDispose]());

async function check(readme: string) {
  await scratch.write({ "packages/sums/README.md": readme });
  return scratch.run("node", [main, "--root", scratch.root]);
}

const importAdd = 'import { add } from "@relevo/sums";\n';

it.skipIf(!requireService("redis"))(
  "gives a block the server that it asks for, and takes it away again",
  async () => {
    const code = `import { connect } from "node:net";
const { hostname, port } = new URL(process.env.REDIS_URL ?? "");
const socket = connect(Number(port), hostname, () => socket.write("PING\\r\\n"));
socket.once("data", (answer) => {
  console.log(String(answer).trim());
  socket.end();
});`;
    const { code: exitCode, output } = await check(block(code) + block("+PONG", "text"));
    expect(exitCode, output).toBe(0);
  },
);

it("compiles and runs a block, and compares what it prints", async () => {
  const readme =
    block(`${importAdd}console.log(add(1, 2));`) +
    block("3", "text") +
    block("setInterval(() => {});", "ts no-run");
  const { code, output } = await check(readme);
  expect(code, output).toBe(0);
  expect(output).toContain("✔ packages/sums/README.md:2");
});

it("finds the other documents of a project too", async () => {
  await scratch.write({ "packages/sums/GUIDE.md": "", "docs/deep/er.md": "" });
  expect(await findDocuments(scratch.root)).toEqual(
    expect.arrayContaining(["docs/deep/er.md", "packages/sums/GUIDE.md"]),
  );
});

it("does not compare measured times", async () => {
  const { code, output } = await check(
    block('console.log("done  12.5 ms  ok");') + block("done  1 ms   ok", "text"),
  );
  expect(code, output).toBe(0);
});

it.each([
  ["does not compile", `${importAdd}\nadd("1", 2);`, "line 4: error TS2345"],
  ["is not strict", "const list = [1];\nconst one: number = list[0];", "line 3: error TS2322"],
  ["throws", 'throw new Error("broken promise");', "broken promise"],
  ["fails quietly", "process.exitCode = 4;", "ended with exit code 4"],
  ["prints something else", `${importAdd}console.log(add(1, 2)); // prints: 4`, "printed something else"],
])("fails a block that %s", async (_, code, message) => {
  const result = await check(block(code));
  expect(result.code).toBe(1);
  expect(result.output).toContain("✖ packages/sums/README.md:2");
  expect(result.output).toContain(message);
});
