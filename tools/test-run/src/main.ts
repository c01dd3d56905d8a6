import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { closingLine, missing } from "./tally.ts";
import { testWorkspace } from "./test-workspace.ts";

const { values } = parseArgs({
  options: {
    root: { type: "string" },
    slow: { type: "boolean" },
    faults: { type: "boolean" },
    soak: { type: "string" },
  },
});
const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));

const soakSeconds = values.soak === undefined ? undefined : Number(values.soak);
if (soakSeconds !== undefined && !(soakSeconds > 0)) throw new Error("--soak takes a number of seconds");

try {
  process.exitCode = await testWorkspace(root, {
    report: (line) => console.log(line),
    slow: values.slow === true,
    faults: values.faults === true,
    ...(soakSeconds === undefined ? {} : { soakSeconds }),
  });
} catch (error) {
  // A run that broke down has shown nothing, and still has to say so in its last line.
  console.error(error);
  console.log(closingLine(missing("run", "broke down")));
  process.exitCode = 1;
}
