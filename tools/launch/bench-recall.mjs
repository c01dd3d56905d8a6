// `pnpm bench:recall`: installs what is missing, then measures recall on the data of a folder, from the sources.
// Plain JavaScript, because it runs before anything is installed, on any Node.js from 20 on.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./src/main.mjs";
import { runProgram } from "./src/run-program.mjs";
import { workspaceEnvironment, workspaceNode } from "./src/workspace.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

await launch({
  root,
  scope: "workspace",
  // In the caller's folder, so that `--data DIR` means the folder that the caller sees.
  program: () =>
    runProgram(
      workspaceNode(root),
      [
        "--import",
        new URL("./src/sources.mjs", import.meta.url).href,
        join(root, "tools", "bench", "src", "recall", "main.ts"),
        ...process.argv.slice(2),
      ],
      { cwd: process.env.INIT_CWD ?? process.cwd(), env: workspaceEnvironment(root) },
    ),
});
