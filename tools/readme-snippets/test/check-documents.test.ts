import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createScratchWorkspace, type ScratchWorkspace } from "@relevo/test-run";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findDocuments, uninstalled } from "../src/documents.ts";
import { extractSnippets } from "../src/extract.ts";

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
      exports: {
        ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
        "./traces": { types: "./dist/traces.d.ts", default: "./dist/traces.js" },
      },
    }),
    "packages/sums/dist/index.js": "export const add = (a, b) => a + b;\n",
    "packages/sums/dist/index.d.ts": "export declare const add: (a: number, b: number) => number;\n",
  });
});

afterAll(() => scratch[Symbol.asyncDispose]());

async function check(readme: string, ...more: readonly string[]) {
  return await checkWith({ CI: "true" }, readme, ...more);
}

async function checkWith(
  env: { readonly [name: string]: string | undefined },
  readme: string,
  ...more: readonly string[]
) {
  await scratch.write({ "packages/sums/README.md": readme });
  return scratch.run("node", [main, "--root", scratch.root, ...more], { env });
}

/** Code that leaves a mark of each run, with the process that it ran in. */
async function traced(name: string) {
  const file = join(scratch.root, name);
  await scratch.write({ [name]: "" });
  return {
    code: `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(file)}, \`${"$"}{process.pid}\\n\`);\n`,
    processes: async () => (await readFile(file, "utf8")).trim().split("\n").filter(Boolean),
  };
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
    const without = 'console.log("REDIS" + "_URL" in process.env); // prints: false';
    const { code: exitCode, output } = await check(block(code) + block("+PONG", "text") + block(without));
    expect(exitCode, output).toBe(0);
  },
);

it("compiles and runs blocks, each as if it were alone, and compares what they print", async () => {
  const blocks = [
    `${importAdd}console.log(add(1, 2)); // prints: 3`,
    // Ends when nothing is left to do, not at the end of its module.
    'setTimeout(() => console.log("late"), 5); // prints: late',
    'Object.assign(globalThis, { left: 1 });\nprocess.on("exit", () => {});',
    'console.log("left" in globalThis, process.listenerCount("exit")); // prints: false 0',
    'import { readdirSync, writeFileSync } from "node:fs";\nwriteFileSync("mine", "");\nconsole.log(readdirSync(".")); // prints: [ \'mine\' ]',
    'import { readdirSync } from "node:fs";\nconsole.log(readdirSync(".")); // prints: []',
    'console.log("early"); // prints: early\nif (process.argv.length > 0) process.exit();\nconsole.log("never");',
    'console.log("done  12.5 ms  ok"); // prints: done  1 ms   ok',
  ];
  const readme = blocks.map((code) => block(code)).join("") + block("setInterval(() => {});", "ts no-run");
  const { code, output } = await check(readme);
  expect(code, output).toBe(0);
  expect(output.match(/^✔ packages\/sums\/README\.md:\d+$/gmu)).toHaveLength(blocks.length + 1);
});

it("finds the other documents of a project too", async () => {
  await scratch.write({ "packages/sums/GUIDE.md": "", "docs/deep/er.md": "" });
  expect(await findDocuments(scratch.root)).toEqual(
    expect.arrayContaining(["docs/deep/er.md", "packages/sums/GUIDE.md"]),
  );
});

it("names what a block imports and nothing that is said of installing brings", () => {
  const readme = (install: string, from: string): readonly string[] => {
    const text = `Runs \`npm install ${install}\`.\n\n${block(`import {\n  add,\n} from "${from}";`)}`;
    return uninstalled(extractSnippets("README.md", text), text);
  };
  for (const from of ["@relevo/sums", "@relevo/sums/traces", "sums/deep", "node:fs", "./mine.ts"])
    expect(readme("--save @relevo/sums sums", from)).toEqual([]);
  expect(readme("@relevo/sum", "@relevo/sums/traces")[0]).toMatch(/^imports @relevo\/sums,/u);
  const alone = block(importAdd);
  expect(uninstalled(extractSnippets("GUIDE.md", alone), alone)).toEqual([]);
  expect(uninstalled(extractSnippets("GUIDE.md", alone), alone, "npm install other")).toHaveLength(1);
});

it("fails the blocks that are broken, each with its reason, and runs the others", async () => {
  const sound = "console.log(1); // prints: 1";
  const blocks: readonly (readonly [code: string, reason?: string])[] = [
    [`${importAdd}\nadd("1", 2);`, "line 4: error TS2345"],
    ["const list = [1];\nconst one: number = list[0];", "line 8: error TS2322"],
    [sound],
    ['throw new Error("broken promise");', "broken promise"],
    [sound],
    ["process.exitCode = 4;", "ended with exit code 4"],
    [`${importAdd}console.log(add(1, 2)); // prints: 4`, "printed something else"],
    ["await new Promise(() => {});", "waits in its top-level await"],
    [sound],
  ];
  const { code, output } = await check(blocks.map(([text]) => block(text)).join(""));
  expect(code).toBe(1);
  const [, ...shown] = output.split(/^(?=[✔✖] packages\/sums\/README\.md:\d)/mu);
  expect(shown, output).toHaveLength(blocks.length);
  for (const [index, [, reason]] of blocks.entries()) {
    expect(shown[index]).toMatch(reason === undefined ? /^✔/u : /^✖/u);
    expect(shown[index]).toContain(reason ?? "");
  }
});

it("ends a block that does not end itself, and names it", async () => {
  const { code, output } = await check(block("setInterval(() => {}, 1000);"), "--limit", "3");
  expect(code).toBe(1);
  expect(output).toContain("✖ packages/sums/README.md:2");
  expect(output).toContain("ended by SIGKILL; it may take 3 s");
});

it("runs blocks in one process although the packages that they import leave something in the globals", async () => {
  await scratch.write({
    "packages/sums/dist/traces.js": "globalThis.traces = [];\nexport const traces = globalThis.traces;\n",
    "packages/sums/dist/traces.d.ts": "export declare const traces: string[];\n",
  });
  const { code: mark, processes } = await traced("together");
  const blocks = [
    `${mark}import { traces } from "@relevo/sums/traces";\nconsole.log(traces.length); // prints: 0`,
    `${mark}import type { traces } from "@relevo/sums/traces";\nexport type Traces = typeof traces;`,
    `${mark}import {\n  traces,\n} from "@relevo/sums/traces";\nObject.assign(globalThis, { traces: 1 });`,
    `${mark}`,
  ];
  const { code, output } = await check(blocks.map((text) => block(text)).join(""));
  expect(code, output).toBe(0);
  const [first, ...others] = await processes();
  expect(others).toEqual([first, first, expect.not.stringMatching(`^${first}$`)]);
});

it("does not run a block again that has passed where nothing has changed, and still counts it", async () => {
  const { code: mark, processes } = await traced("kept");
  const sum = `${importAdd}${mark}console.log(add(2, 2)); // prints: 4`;
  const local = { CI: undefined };
  await checkWith(local, block(sum));
  const again = await checkWith(local, `Elsewhere now.\n\n${block(sum)}`);
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain("✔ packages/sums/README.md:4");
  expect(await processes()).toHaveLength(1);
  // It prints the same, but the document says something else.
  const text = block(sum.replace(" // prints: 4", " // Prints four."));
  await checkWith(local, text);
  expect(await checkWith(local, text + block("5", "text"))).toMatchObject({ code: 1 });
  expect(await processes()).toHaveLength(2);
  await check(block(sum));
  expect(await processes()).toHaveLength(3);
});
