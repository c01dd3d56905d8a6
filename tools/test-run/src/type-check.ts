import { existsSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import type { Project } from "./projects.ts";
import type { Tally } from "./tally.ts";

const settings = ["tsconfig.json", "tsconfig.test.json"] as const;

/**
 * Builds all projects and checks their types and those of their tests, with one compiler that leaves alone what is up
 * to date. Counts one for each project.
 */
export async function typeCheck(
  root: string,
  projects: readonly Project[],
  report: (line: string) => void,
): Promise<Tally> {
  const files = projects.flatMap((project) => settings.map((name) => `${project.root}/${name}`));
  const present = files.filter((file) => existsSync(join(root, file)));
  const { code, output } = await runCommand("tsc", ["-b", "--pretty", "false", ...present], { cwd: root });
  if (code !== 0) report(output);
  return countTypeErrors(
    projects.map((project) => ({
      root: project.root,
      checked: present.includes(`${project.root}/tsconfig.test.json`),
    })),
    code,
    output,
  );
}

/** Counts a compiler's messages by project. A project whose tests nobody checks has failed. */
export function countTypeErrors(
  projects: readonly { readonly root: string; readonly checked: boolean }[],
  code: number,
  output: string,
): Tally {
  const name = "build and type check";
  const messages = output.split("\n").filter((line) => /\berror TS\d+: /u.test(line));
  const found = projects.map(({ root, checked }) => [
    ...(checked ? [] : [`${root}: has no tsconfig.test.json`]),
    ...messages.filter((message) => message.startsWith(`${root}/`)),
  ]);
  const failures = found.filter((problems) => problems.length > 0);
  const problems = failures.map((lines) => lines.join("\n"));
  // It may have failed without a message that names one of them.
  if (code !== 0 && failures.length === 0)
    problems.push(`the compiler ended with exit code ${code}\n${output}`);
  return { name, passed: projects.length - failures.length, failed: problems.length, skipped: 0, problems };
}
