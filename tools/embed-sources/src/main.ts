import { glob } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isUpToDate, writeModule } from "./embed-sources.ts";
import { SourceError } from "./source-error.ts";

const usage = `Turns folders of .lua, .sql or .wat files into TypeScript modules.

  pnpm embed [--check] [FOLDER …]

FOLDER    such as packages/store-redis/src/scripts; every folder that has a module when left out
--check   writes nothing; ends with exit code 1 when a module is out of date
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const root = join(import.meta.dirname, "..", "..", "..");
  const folders = positionals.map((folder) => resolve(folder));
  if (positionals.length === 0)
    for await (const path of glob("packages/*/src/**/*.generated.ts", { cwd: root }))
      folders.push(dirname(join(root, path)));
  let exitCode = 0;
  for (const folder of folders) {
    try {
      if (values.check !== true) console.log(`Wrote ${relative(process.cwd(), await writeModule(folder))}.`);
      else if (!(await isUpToDate(folder))) {
        console.error(`${relative(process.cwd(), folder)} has changed; run \`pnpm embed\`.`);
        exitCode = 1;
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      console.error(error.message);
      exitCode = 1;
    }
  }
  return exitCode;
}
