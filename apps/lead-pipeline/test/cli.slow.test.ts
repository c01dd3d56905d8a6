import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { displayWidth } from "../src/output/terminal-text.ts";
import { environmentFor, goodScript, startFakeProvider } from "./fake-provider.ts";
import { hotLead } from "./leads.ts";
import { reportOf, reportSchema } from "./report.ts";
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

describe("the sample", () => {
  it.each([20, 40, 80, 100, 132])("keeps to %i columns", async (columns) => {
    const { stdout } = await runProgram(["--chains", "all"], { env: { COLUMNS: `${columns}` } });
    expect(stdout.split("\n").filter((line) => displayWidth(line) > columns)).toEqual([]);
    expect(stdout.split("\n").some((line) => displayWidth(line) > columns * 0.9)).toBe(true);
  });

  it("has the same outcomes in every run", async () => {
    const facts = async () =>
      (await reportOf([])).leads.map(({ id, outcome, score, agentsVisited, summary }) => {
        // Ids are new in every run.
        return { id, outcome, score, agentsVisited, summary: summary.replace(/workflow \S+/, "") };
      });
    expect(await facts()).toEqual(await facts());
  });

  it("works each lead once when several are worked at once", async () => {
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
    expect(report.leads[0]?.activity).toMatchObject({ subject: "ana", metadata: { premium: true } });
    expect(report.leads[0]?.handoffs[0]).toMatchObject({ priority: "high" });
  });

  it("--calls-per-hour stops the work of the tenant and says so", async () => {
    const { code, stdout } = await runProgram(["--calls-per-hour", "50"]);
    expect(code).toBe(1);
    expect(stdout).toContain("The tenant's 50 calls of this hour are used up.");
    expect(stdout).toContain("this hour the tenant made 50 of 50 calls");
    expect(stdout.match(/The tenant's 50 calls of this hour are used up/g)).toHaveLength(2);
    expect(stdout).toMatch(/What went wrong\n {2}\d+ leads: The tenant's 50 calls/);
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
    [["--\u009b2J\u001b[2J\u202e"], /^error: unknown option '--\\u009b2J\\u001b\[2J\\u202e'\n$/],
    [["--features", "\u009b31m\u2066"], /^[^\p{Cf}\u0080-\u009f]*no feature "\\u009b31m\\u2066"/u],
    [["--leads"], /argument missing/],
    [["--leads", "/no/such/file"], /there is no such file/],
    [
      ["--leads", "/no\u009b2J\u200b/file"],
      /^\/no\\u009b2J\\u200b\/file cannot be read: there is no such file\.\n$/,
    ],
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
    expect(stdout).toMatch(/bad rows +1/);
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
    const { code, stdout } = await runProgram(["--leads", path, "--chains", "all"], {
      env: { COLUMNS: "90" },
    });
    expect(code).toBe(0);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u200b\u202a-\u202e]/u);
    expect(stdout.split("\n").filter((line) => displayWidth(line) > 90)).toEqual([]);
  });

  it("writes JSON that a terminal shows as it is, and that holds what the file said", async () => {
    const company = "A\u009b2J\u007f\u202e\u2028\u{e0041}\u200b日本 👍";
    const path = await leadFile(JSON.stringify({ ...hotLead, company }));
    const { stdout, stderr } = await runProgram(["--leads", path, "--json"]);
    expect(`${stdout}${stderr}`.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(reportSchema.parse(JSON.parse(stdout)).leads[0]?.company).toBe(company);
    expect(stdout).toContain("日本 👍");
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
    // The cause is told where it first happens, and once more with the number of leads.
    expect(stdout.match(/the model is on fire/g)).toHaveLength(2);
    expect(stdout).toMatch(/What went wrong\n {2}2 leads: .*the model is on fire/);
    expect(stdout).toMatch(/failed +2/);
  });

  it("draws what an agent asked for again and again once, and counts it once", async () => {
    const reach = (to: string) => ({ tool: `transfer_to_${to}`, args: { reason: "I want it" } });
    const close = { outcome: "qualified", summary: "Nobody may go on.", needed: "meeting_scheduler" };
    const again = [
      { tool: "record_qualification", args: { score: 81, reasons: ["big"], asksToMeet: true } },
      reach("meeting_scheduler"),
      reach("outbound_contact"),
      reach("meeting_scheduler"),
      reach("outbound_contact"),
      { tool: "close_lead", args: close },
    ];
    const start = [{ tool: "transfer_to_lead_qualifier", args: { reason: "please score" } }];
    await using server = await startFakeProvider("openai", { coordinator: start, lead_qualifier: again });
    const path = await leadFile(JSON.stringify(hotLead));
    const { stdout } = await runProgram(["--leads", path, "--features", "qualification"], {
      env: environmentFor("openai", server.url),
    });
    expect(stdout.match(/is not enabled for this tenant/g)).toHaveLength(2);
    expect(stdout).toMatch(/refused: the feature "meetings" is not enabled for this tenant \(3 times\)/);
    expect(stdout).toMatch(/refused: the feature "outbound" is not enabled for this tenant \(2 times\)/);
    expect(stdout).toContain("  1 lead, 1 handoff, 2 refused, ");
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
