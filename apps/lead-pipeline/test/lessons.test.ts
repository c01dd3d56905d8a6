import { expect, it } from "vitest";
import { drawLessons } from "../src/output/lessons.ts";
import { displayWidth } from "../src/output/terminal-text.ts";
import { readLessons } from "../src/workflow/lessons.ts";
import { openMemory } from "../src/workflow/memory-kit.ts";
import { runWorkflow } from "../src/workflow/run-workflow.ts";
import { createTenantContext } from "../src/workflow/tenant-context.ts";
import { hotLead, makeLead } from "./leads.ts";

const plain = { paint: (_: unknown, text: string) => text, columns: Number.POSITIVE_INFINITY };

it("agents learn over several runs which of their ways win, and a lead that comes again teaches nothing", async () => {
  await using memory = openMemory();
  const tenant = createTenantContext();
  const learned = () => readLessons(memory.memory.tenant(tenant.tenantId));
  expect(drawLessons(await learned(), plain as never)).toContain("Nothing yet: no lead was worked");
  const work = async (run: number): Promise<void> => {
    for (let index = 0; index < 2; index++) {
      const at = `${run}-${index}`;
      await runWorkflow(
        { ...hotLead, id: `hot-${at}`, email: `a@hot-${at}.example`, company: `Hot ${at}` },
        { memory, tenant },
      );
    }
    const cold = makeLead({
      id: `cold-${run}`,
      company: `Tiny ${run}`,
      email: `b@tiny-${run}.example`,
      role: "Developer",
      companySize: 4,
    });
    await runWorkflow(cold, { memory, tenant });
    // The same request again.
    await runWorkflow({ ...cold, id: `again-${run}` }, { memory, tenant });
    await runWorkflow(
      makeLead({
        id: `spam-${run}`,
        email: `s@spam-${run}.example`,
        message: "You have won! Click here, risk free",
      }),
      { memory, tenant },
    );
  };
  for (const run of [1, 2, 3]) await work(run);
  const lessons = await learned();
  const of = (name: string) => lessons.find(({ agent }) => agent === name);
  expect(of("coordinator")?.performance).toMatchObject({ total: 9, succeeded: 6 });
  expect(of("lead_qualifier")?.performance.strategies).toMatchObject([
    { strategy: "grade hot", count: 6, succeeded: 6, supported: true },
    { strategy: expect.stringMatching(/^grade (cold|poor)$/u), count: 3, succeeded: 0, supported: false },
  ]);
  expect(of("lead_qualifier")?.recommended?.strategy).toBe("grade hot");
  expect(of("meeting_scheduler")?.recommended).toMatchObject({ strategy: "earliest slot", count: 6 });
  const drawn = drawLessons(lessons, plain as never);
  const lines = drawn.split("\n").map((line) => line.replace(/ +/gu, " ").trim());
  expect(drawn).toContain("9 leads worked to an end, 6 won");
  expect(lines).toContain("coordinator 9 leads won 67 % (35 to 88)");
  expect(lines).toContain("· grade hot 6 leads won 100 % (61 to 100)");
  expect(lines).toContain("· grade cold 3 leads won 0 % (0 to 56) too few to tell");
  expect(lines).toContain("· invitation (en) 6 leads won 100 % (61 to 100)");
  for (const told of [lessons, []])
    for (let columns = 20; columns < 60; columns++) {
      const wide = drawLessons(told, { ...plain, columns } as never)
        .split("\n")
        .filter((line) => displayWidth(line) > columns);
      expect(wide, `${columns} columns`).toEqual([]);
    }
});
