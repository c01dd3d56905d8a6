import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { outcomes } from "../src/index.ts";
import { displayWidth } from "../src/output/terminal-text.ts";
import { environmentFor, goodScript, startFakeProvider } from "./fake-provider.ts";
import { hotLead } from "./leads.ts";
import { runProgram, startProgram } from "./run-program.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-cli-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

let files = 0;
async function leadFile(content: string): Promise<string> {
  const path = join(folder, `leads-${files++}`);
  await writeFile(path, content);
  return path;
}

const reportSchema = z.strictObject({
  format: z.literal(1),
  tenant: z.object({ tenantId: z.string(), isPremium: z.boolean(), featuresEnabled: z.array(z.string()) }),
  model: z.string(),
  memory: z.literal("this process, forgotten at the end"),
  source: z.string(),
  notices: z.array(z.string()),
  left: z.int(),
  interrupted: z.boolean(),
  durationMs: z.number(),
  exitCode: z.int(),
  leads: z.array(
    z.strictObject({
      id: z.string(),
      email: z.string(),
      company: z.string().nullable(),
      workflowId: z.uuid({ version: "v7" }),
      outcome: z.enum(outcomes),
      summary: z.string().min(1),
      score: z.int().min(0).max(100).nullable(),
      grade: z.enum(["hot", "warm", "cold", "poor"]).nullable(),
      seenBefore: z.string().nullable(),
      agentsVisited: z.array(z.string()).min(1),
      durationMs: z.number(),
      calls: z.int(),
      handoffsRecorded: z.int(),
      handoffs: z.array(
        z.looseObject({ from: z.string(), to: z.string(), reason: z.string(), status: z.string() }),
      ),
      draft: z.object({ subject: z.string(), body: z.string() }).nullable(),
      meeting: z.iso.datetime().nullable(),
      remembered: z.array(z.strictObject({ agent: z.string(), tier: z.string(), key: z.string() })),
      memorySummary: z.looseObject({ session: z.string(), events: z.int() }),
    }),
  ),
  badRows: z.array(
    z.strictObject({
      line: z.int(),
      element: z.int().optional(),
      reason: z.string(),
      id: z.string().optional(),
    }),
  ),
  totals: z.object({
    leads: z.int(),
    badRows: z.int(),
    outcomes: z.record(z.string(), z.int()),
    handoffs: z.int(),
  }),
});

async function reportOf(args: readonly string[], stdin?: string): Promise<z.infer<typeof reportSchema>> {
  const { stdout } = await runProgram(["--json", ...args], stdin === undefined ? {} : { stdin });
  return reportSchema.parse(JSON.parse(stdout));
}

describe("the sample", () => {
  it("is worked, drawn and counted, within 100 columns and without colours", async () => {
    const { code, stdout, stderr } = await runProgram([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
    expect(stdout.split("\n").filter((line) => displayWidth(line) > 100)).toEqual([]);
    expect(stdout).toContain("└─▶ lead_qualifier");
    expect(stdout).toContain("Remembered for lead");
    expect(stdout).toMatch(/L-011 +the same request again, score \d+ taken over from lead L-001/);
    expect(stdout).toMatch(/Totals\n {2}meeting booked +\d+/);
  });

  it("has leads of every kind, and the same outcomes in every run", async () => {
    const [first, second] = await Promise.all([reportOf([]), reportOf([])]);
    expect(first.leads.length).toBeGreaterThanOrEqual(25);
    expect(Object.keys(first.totals.outcomes).sort()).toEqual([
      ..."contacted disqualified duplicate meeting_scheduled needs_info nurture spam".split(" "),
    ]);
    const facts = ({ leads }: typeof first) =>
      leads.map(({ id, outcome, score, agentsVisited, summary }) => {
        // Ids are new in every run.
        return { id, outcome, score, agentsVisited, summary: summary.replace(/workflow \S+/, "") };
      });
    expect(facts(second)).toEqual(facts(first));
    expect(first.leads.map(({ id }) => id)).toEqual(
      first.leads.map((_, index) => `L-${String(index + 1).padStart(3, "0")}`),
    );
  });

  it("gives the leads that need no memory the same outcomes when several are worked at once", async () => {
    const report = await reportOf(["--concurrency", "4"]);
    expect(report).toMatchObject({ left: 0, exitCode: 0 });
    expect(new Set(report.leads.map(({ id }) => id)).size).toBe(report.leads.length);
  });
});

describe("options", () => {
  it.each([
    ["all", /Handoffs of lead L-001[\s\S]*Handoffs of lead L-030/],
    ["L-006", /Handoffs of lead L-006[\s\S]*decided alone/],
    ["nobody", /No worked lead has the id nobody/],
    ["none", /^(?![\s\S]*Handoffs of lead)/],
  ])("--chains %s", async (which, expected) => {
    expect((await runProgram(["--chains", which])).stdout).toMatch(expected);
  });

  it("--features changes who is visited, and draws the refusal", async () => {
    const { code, stdout } = await runProgram(["--features", "qualification,outbound", "--chains", "L-001"]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("→scheduler");
    expect(stdout).toContain(
      '╳ meeting_scheduler  refused: the feature "meetings" is not enabled for this tenant',
    );
  });

  it("--premium, --tenant and --user reach the sessions", async () => {
    const report = await reportOf(["--premium", "--tenant", "acme", "--user", "ana"]);
    expect(report.tenant).toMatchObject({ tenantId: "acme", isPremium: true });
    expect(report.leads[0]?.memorySummary).toMatchObject({ subject: "ana", metadata: { premium: true } });
    expect(report.leads[0]?.handoffs[0]).toMatchObject({ priority: "high" });
  });

  it("--calls-per-hour stops the work of the tenant and says so", async () => {
    const { code, stdout } = await runProgram(["--calls-per-hour", "50"]);
    expect(code).toBe(1);
    expect(stdout).toContain("The tenant's 50 calls of this hour are used up.");
    expect(stdout).toContain("50 calls of 50 this hour");
  });

  it.each([
    [["--help"], 0, /Exit code: 0/],
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
  ] as const)("%j", async (args, code, expected) => {
    const result = await runProgram(args);
    expect(result.code).toBe(code);
    expect(result.stdout).toMatch(expected);
  });

  it.each([
    [["--nope"], /unknown option/],
    [["extra"], /too many arguments/],
    [["--concurrency", "0"], /whole number from 1 to 64/],
    [["--concurrency", "many"], /whole number/],
    [["--features", "flying"], /no feature "flying"/],
    [["--tenant", ""], /1 to 200 characters/],
    [["--calls-per-hour", "-1"], /whole number/],
    [["--leads"], /argument missing/],
    [["--leads", "/no/such/file"], /there is no such file/],
  ])("%j is refused with 2", async (args, message) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("refuses a model that it does not know", async () => {
    const { code, stderr } = await runProgram([], { env: { RELEVO_MODEL: "hal:9000" } });
    expect(code).toBe(2);
    expect(stderr).toContain('RELEVO_MODEL is "hal:9000"');
  });
});

describe("files", () => {
  it("reports bad rows, works the others, and ends with 1", async () => {
    const path = await leadFile("id;email;message\na;a@b.example;hola\nb;b;c\n");
    const { code, stdout } = await runProgram(["--leads", path]);
    expect(code).toBe(1);
    expect(stdout).toContain("line 3 (id b) skipped: email is not an e-mail address");
    expect(stdout).toMatch(/rows not read +1/);
    const report = await reportOf(["--leads", path]);
    expect(report).toMatchObject({ exitCode: 1, badRows: [{ line: 3, id: "b" }], leads: [{ id: "a" }] });
  });

  it("shows hostile text harmless and in its column", async () => {
    const rows = [
      {
        ...hotLead,
        id: "\u001b[2J\u001b]0;owned\u0007x",
        company: "A\nB\r\u009b31mC",
        message: "a demo \u202e now",
      },
      { ...hotLead, id: "wide", email: "w@w.example", company: "日本株式会社日本株式会社👨‍👩‍👧‍👦👍" },
      { ...hotLead, id: "rtl", email: "r@r.example", company: "شركة الأمل للتجارة والتوزيع" },
      {
        ...hotLead,
        id: "long".repeat(50),
        email: "l@l.example",
        company: "x".repeat(499),
        role: `y${"\u0301".repeat(300)}`,
      },
    ];
    const path = await leadFile(rows.map((row) => JSON.stringify(row)).join("\n"));
    const { code, stdout } = await runProgram(["--leads", path, "--chains", "all"]);
    expect(code).toBe(0);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
    expect(stdout.split("\n").filter((line) => displayWidth(line) > 100)).toEqual([]);
  });

  it.each([
    ["nothing at all", "", 2, /is empty/],
    ["no lead file", "lorem ipsum\n", 2, /cannot be read as leads/],
    ["bytes", "PK\u0000\u0001", 2, /not a text file/],
  ])("%s", async (_name, content, code, message) => {
    const result = await runProgram(["--leads", await leadFile(content)]);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });
});

describe("standard input", () => {
  const row = JSON.stringify(hotLead);
  it.each([[[]], [["--leads", "-"]]])("with %j is read", async (args) => {
    expect(await reportOf(args, row)).toMatchObject({
      source: "Standard input",
      leads: [{ id: hotLead.id }],
    });
  });

  it("that is empty is the sample only when nobody asked for it", async () => {
    expect((await runProgram(["--leads", "-"], { stdin: "" })).code).toBe(2);
    const sample = await runProgram([], { stdin: "" });
    expect(sample.stderr).toContain("included sample");
    expect(sample.code).toBe(0);
  });

  it("that stays open and silent holds nobody up", async () => {
    const { code, stdout } = await runProgram(["--chains", "none"], { stdin: "open" });
    expect(code).toBe(0);
    expect(stdout).toContain("from the included sample");
  });
});

describe("a run with a real model's protocol", () => {
  it("goes on after a failure, and ends with 1", async () => {
    await using server = await startFakeProvider("openai", goodScript, { fault: "status-500" });
    const path = await leadFile(
      [hotLead, { ...hotLead, id: "second" }].map((row) => JSON.stringify(row)).join("\n"),
    );
    const { code, stdout } = await runProgram(["--leads", path], {
      env: environmentFor("openai", server.url),
    });
    expect(code).toBe(1);
    expect(stdout).toContain("the model is on fire");
    expect(stdout).toMatch(/failed +2/);
  });

  it("finishes the lead under way when it is interrupted, and ends with 130", async () => {
    await using server = await startFakeProvider("openai", goodScript, { hold: true });
    const path = await leadFile(
      [hotLead, { ...hotLead, id: "second" }].map((row) => JSON.stringify(row)).join("\n"),
    );
    const program = startProgram(["--json", "--leads", path], { env: environmentFor("openai", server.url) });
    await server.firstRequest;
    program.child.kill("SIGINT");
    await program.saidError("Finishing the lead under way");
    server.release();
    const { code, stdout } = await program.done;
    expect(code).toBe(130);
    expect(reportSchema.parse(JSON.parse(stdout))).toMatchObject({
      interrupted: true,
      left: 1,
      exitCode: 130,
      leads: [{ id: hotLead.id, outcome: "meeting_scheduled" }],
    });
  });

  it("stops the lead under way when it is interrupted again", async () => {
    await using server = await startFakeProvider("openai", goodScript, { hold: true });
    const path = await leadFile(JSON.stringify(hotLead));
    const program = startProgram(["--leads", path], { env: environmentFor("openai", server.url) });
    await server.firstRequest;
    program.child.kill("SIGINT");
    await program.saidError("Finishing the lead under way");
    program.child.kill("SIGINT");
    expect(await program.done).toMatchObject({ code: 130, stdout: expect.stringMatching(/failed +1/) });
  });
});

describe("the example in the sample file", () => {
  it("is data only: every line is a lead", async () => {
    const text = await readFile(new URL("../leads/sample.jsonl", import.meta.url), "utf8");
    const emails = text
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { email: string }).email]));
    const allowed = /(?:\.example(?:\.(?:com|org|edu))?|@gmail\.com|@mailinator\.com)$/;
    expect(emails.filter((email) => !allowed.test(email))).toEqual([]);
  });
});
