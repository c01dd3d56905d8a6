// `npm start`: installs what the lead pipeline needs, then runs it with the given arguments, from its sources.
// Plain JavaScript, because it runs before anything is installed, on any Node.js from 20 on.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./src/main.mjs";
import { runProgram } from "./src/run-program.mjs";
import { workspaceEnvironment, workspaceNode } from "./src/workspace.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

await launch({
  root,
  scope: "lead pipeline",
  // In the caller's folder, so that `--leads FILE` means the file that the caller sees.
  program: () =>
    runProgram(
      workspaceNode(root),
      [
        // The database is 9 MB of WebAssembly, of which V8 would compile the busy parts a second time, to run faster later than
        // most runs end: a third of the processor time until the first lead.
        "--wasm-tiering-budget=1000000000",
        "--import",
        new URL("./src/sources.mjs", import.meta.url).href,
        join(root, "apps", "lead-pipeline", "src", "main.ts"),
        ...process.argv.slice(2),
      ],
      {
        cwd: process.env.INIT_CWD ?? process.cwd(),
        env: {
          // What was compiled and stripped of its types once is kept: the second start takes half the processor time.
          NODE_COMPILE_CACHE: join(root, ".relevo", "compile-cache"),
          ...workspaceEnvironment(root),
        },
      },
    ),
});
