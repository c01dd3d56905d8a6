import type { Project } from "./projects.ts";
import { type TestGroup, type Tier, tiers } from "./test-groups.ts";

/** A target as Nx takes it from a plugin. */
export interface TestTarget {
  readonly executor: string;
  readonly options?: { readonly command: string; readonly cwd: string };
  readonly cache?: boolean;
  readonly dependsOn: readonly string[];
  readonly inputs?: readonly (string | { readonly input: string; readonly projects: readonly string[] })[];
  readonly outputs?: readonly string[];
}

const settings: { readonly [tier in Tier]: string } = {
  test: "vitest.config.ts",
  slow: "vitest.slow.config.ts",
};

/** The targets that run a project's tests. Where there are several for a tier, one named after it runs them all. */
export function testTargets({ root, groups }: Pick<Project, "root" | "groups">): {
  readonly [target: string]: TestTarget;
} {
  return Object.fromEntries(
    tiers.flatMap((tier): readonly (readonly [string, TestTarget])[] => {
      const targets = groups[tier].map(
        (group) => [group.target, targetOf(root, group, tier, groups[tier])] as const,
      );
      if (targets.length < 2) return targets;
      return [...targets, [tier, { executor: "nx:noop", dependsOn: targets.map(([name]) => name) }]];
    }),
  );
}

function targetOf(
  root: string,
  { target, files, projects, outside }: TestGroup,
  tier: Tier,
  groups: readonly TestGroup[],
): TestTarget {
  const others = groups.filter((group) => group.target !== target).flatMap((group) => group.files);
  const up = "../".repeat(root.split("/").length);
  const command = `vitest run --config ${up}${settings[tier]} --root . --outputFile.json=.reports/${target}.json`;
  return {
    executor: "nx:run-commands",
    options: {
      command: others.length === 0 ? command : `${command} ${files.join(" ")}`,
      cwd: "{projectRoot}",
    },
    cache: true,
    dependsOn: ["build", "^build"],
    inputs: [
      tier === "test" ? "tests" : "slowTests",
      ...others.map((file) => `!{projectRoot}/${file}`),
      ...(projects.length === 0 ? [] : [{ input: "source", projects }]),
      ...outside.map((path) => `{workspaceRoot}/${path}`),
    ],
    outputs: [`{projectRoot}/.reports/${target}.json`],
  };
}
