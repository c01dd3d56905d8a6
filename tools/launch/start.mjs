// `npm start`: installs and builds what is missing, then runs the lead pipeline with the given arguments.
// Plain JavaScript, because it runs before anything is installed, on any Node.js from 20 on.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./src/build-stamp.mjs";
import { launch, progress } from "./src/main.mjs";
import { runProgram } from "./src/run-program.mjs";
import { runStep } from "./src/step.mjs";
import { workspaceEnvironment } from "./src/workspace.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const env = workspaceEnvironment(root);
const tools = join(root, "node_modules", ".bin");

await launch({
  root,
  prepare: async () => {
    await ensureBuilt(root, "apps/lead-pipeline", async () => {
      const build = ["run", "@relevo/lead-pipeline:build", "--output-style=static"];
      await runStep("build the lead pipeline", join(tools, "nx"), build, {
        cwd: root,
        env,
        report: progress,
      });
    });
  },
  // In the caller's folder, so that `--leads FILE` means the file that the caller sees.
  program: () =>
    runProgram(
      join(tools, "node"),
      [join(root, "apps", "lead-pipeline", "dist", "main.js"), ...process.argv.slice(2)],
      { cwd: process.env.INIT_CWD ?? process.cwd(), env },
    ),
});
