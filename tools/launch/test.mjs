// `npm test`: installs what is missing, then runs every check of the workspace and counts what passed.
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
  // Reports of two runs in one folder would mix.
  exclusive: true,
  program: () =>
    runProgram(
      workspaceNode(root),
      [join(root, "tools", "test-run", "src", "main.ts"), ...process.argv.slice(2)],
      {
        cwd: root,
        // What was compiled and stripped of its types once is kept, for the hundreds of processes of a run and the next.
        env: { NODE_COMPILE_CACHE: join(root, ".relevo", "compile-cache"), ...workspaceEnvironment(root) },
      },
    ),
});
