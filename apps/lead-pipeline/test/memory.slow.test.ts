import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireService, startPostgres, startRedis } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environmentFor, goodScript, startFakeProvider } from "./fake-provider.ts";
import { hotLead } from "./leads.ts";
import { type ProgramInput, runProgram, startProgram } from "./run-program.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-leads-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Report {
  readonly memory: string;
  readonly exitCode: number;
  readonly leads: readonly {
    readonly workflowId: string;
    readonly outcome: string;
    readonly seenBefore: string | null;
    readonly meeting: string | null;
    readonly calls: number;
  }[];
  readonly totals: { readonly calls: number; readonly callsThisHour: number };
}

let files = 0;
async function leadFile(...leads: readonly object[]): Promise<string> {
  const path = join(folder, `leads-${files++}.jsonl`);
  await writeFile(path, leads.map((lead) => JSON.stringify(lead)).join("\n"));
  return path;
}

async function run(args: readonly string[], input: ProgramInput = {}): Promise<Report> {
  const { stdout, stderr } = await runProgram([...args, "--json"], { ...input, remembers: true });
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout) as Report;
}

/** A folder in which one run has worked the hot lead, and the report of that run. Made once: a new database takes seconds. */
let worked: Promise<{ readonly data: string; readonly report: Report }> | undefined;

async function workOnce(): Promise<{ readonly data: string; readonly report: Report }> {
  const data = join(folder, "worked");
  return { data, report: await run(["--leads", await leadFile(hotLead), "--data", data]) };
}

/** A copy of that folder, for one test. */
async function workedFolder(name: string): Promise<{ readonly data: string; readonly report: Report }> {
  worked ??= workOnce();
  const { data: from, report } = await worked;
  const data = join(folder, name);
  await cp(from, data, { recursive: true });
  return { data, report };
}

const another = { ...hotLead, id: "lead-2", email: "ana@otherfirm.example", company: "Other Firm" };

describe("a folder", () => {
  it("remembers from one run to the next, for its tenant only", async () => {
    const { data, report: first } = await workedFolder("remembers");
    const leads = await leadFile(hotLead);
    expect(first.leads.map(({ outcome }) => outcome)).toEqual(["meeting_scheduled"]);
    const second = await run(["--leads", leads, "--data", data]);
    expect(second.leads.map(({ outcome }) => outcome)).toEqual(["duplicate"]);
    expect(second.leads[0]?.seenBefore).not.toBeNull();
    const stranger = await run(["--leads", leads, "--data", data, "--tenant", "other"]);
    expect(stranger.leads.map(({ outcome }) => outcome)).toEqual(["meeting_scheduled"]);
  });

  it("has each finished workflow in its archive, to be shown and told by a later run of its tenant", async () => {
    const { data, report } = await workedFolder("archive");
    const id = report.leads[0]?.workflowId ?? "";
    const show = (...args: readonly string[]) =>
      runProgram(["--data", data, "--show", ...args], { remembers: true });
    const shown = await show(id);
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toMatch(/^Handoffs of lead \S+ \(.*\): meeting scheduled\nworkflow /u);
    expect(shown.stdout).toContain("└─▶ lead_qualifier");
    expect(shown.stdout).toContain(`lead: ${hotLead.message}`);
    expect(shown.stdout).toMatch(/In the archive\n {2}Meeting on .*\n {2}\d+ events, finished on /u);
    const told = JSON.parse((await show(id, "--json")).stdout);
    expect(told).toMatchObject({ workflowId: id, outcome: "meeting_scheduled" });
    // It stays where it is, and belongs to its tenant.
    expect((await show(id)).stdout).toBe(shown.stdout);
    for (const args of [[id, "--tenant", "other"], ["none"], ["x".repeat(150)]]) {
      const { code, stdout, stderr } = await show(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("has no finished workflow");
    }
  });

  it("never books a slot twice, whatever run books it", async () => {
    const { data, report } = await workedFolder("slots");
    const [one] = report.leads;
    const [two] = (await run(["--leads", await leadFile(another), "--data", data])).leads;
    expect(one?.meeting).toEqual(expect.any(String));
    expect(two?.meeting).toEqual(expect.any(String));
    expect(two?.meeting).not.toBe(one?.meeting);
  });

  it("that is in use is refused in plain words, with what to do", async () => {
    const { data } = await workedFolder("in-use");
    await using provider = await startFakeProvider("openai", goodScript, { hold: true });
    const leads = await leadFile(another);
    const first = startProgram(["--leads", leads, "--data", data], {
      env: { ...environmentFor("openai", provider.url), RELEVO_MODEL_TIMEOUT_MS: "50000" },
      remembers: true,
    });
    await provider.firstRequest;
    const { code, stderr } = await runProgram(["--leads", leads, "--data", data], { remembers: true });
    expect(code).toBe(2);
    expect(stderr).toContain(`${first.child.pid}`);
    expect(stderr).toMatch(/--data DIR/u);
    expect(stderr).not.toMatch(/\n {4}at /u);
    provider.release();
    expect((await first.done).code).toBe(0);
  });

  const impossible =
    process.platform === "linux" ? ["/proc/relevo", "/proc/relevo/deep/er", "/sys/relevo"] : [];
  it.each(["a-file", "a-file/inside", "x".repeat(300), ...impossible])(
    "that cannot be one, such as %s, is refused at once",
    async (name) => {
      const file = join(folder, "a-file");
      await writeFile(file, "text");
      const data = name.startsWith("/") ? name : join(folder, name);
      const { code, stdout, stderr } = await runProgram(["--data", data], { remembers: true });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/^The folder \S+ cannot hold the memory: [^\n]+\(--no-data\)\.\n$/u);
      expect(await readFile(file, "utf8")).toBe("text");
    },
  );

  it("says what takes long, what this run did, and how to begin again", async () => {
    const data = join(folder, "again");
    const leads = await leadFile(hotLead);
    const go = () => runProgram(["--leads", leads, "--data", data], { remembers: true });
    const first = await go();
    expect(first.stderr).toMatch(
      /^Making the database of the memory in .*again: .*the first time only …\n$/u,
    );
    expect(first.stdout).not.toContain("To begin again");
    const second = await go();
    expect(second.stderr).toMatch(/^Opening the memory in .*again …\n$/u);
    expect(second.stdout).toMatch(
      /Some are from an earlier run\. To begin again: remove .*again, .*--no-data/u,
    );
    const calls = [first, second].map(({ stdout }) => Number(/(\d+) calls?, /u.exec(stdout)?.[1]));
    expect(calls[1]).toBeLessThan(calls[0] ?? 0);
    const report = await run(["--leads", leads, "--data", data]);
    const { totals } = report;
    expect(totals.calls).toBe(report.leads.reduce((sum, lead) => sum + lead.calls, 0));
    expect(totals.callsThisHour).toBeGreaterThanOrEqual(totals.calls);
  });
});

describe("settings that cannot be", () => {
  it.each([
    ["DATABASE_URL", "mysql://here", /DATABASE_URL must be an address such as postgres:/u],
    ["DATABASE_URL", "postgres://someone:secret@127.0.0.1:1/none", /DATABASE_URL \(127\.0\.0\.1:1\/none\)/u],
    ["REDIS_URL", "http://here", /REDIS_URL must be an address such as redis:/u],
    ["REDIS_URL", "redis://:secret@127.0.0.1:1", /REDIS_URL \(127\.0\.0\.1:1\)/u],
  ])("%s=%s is refused, without its password", async (name, value, message) => {
    const { code, stderr, stdout } = await runProgram([], { env: { [name]: value }, remembers: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr + stdout).not.toContain("secret");
  });

  it("two places at once are refused", async () => {
    const env = { DATABASE_URL: "postgres://127.0.0.1:1/none" };
    const { code, stderr } = await runProgram(["--data", folder], { env, remembers: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(/--data and DATABASE_URL/u);
  });
});

describe.skipIf(!requireService("postgres", { for: "the lead pipeline on a server" }))("DATABASE_URL", () => {
  it("keeps what is learned on the server, whoever made the tables", async () => {
    await using server = await startPostgres();
    const env = { DATABASE_URL: await server.createDatabase() };
    const leads = await leadFile(hotLead);
    const runs = [await run(["--leads", leads], { env }), await run(["--leads", leads], { env })];
    expect(runs.map((one) => one.leads[0]?.outcome)).toEqual(["meeting_scheduled", "duplicate"]);
    expect(runs[0]?.memory).toMatch(/^PostgreSQL 127\.0\.0\.1:\d+\//u);
  });
});

describe.skipIf(!requireService("redis", { for: "the lead pipeline on Redis" }))("REDIS_URL", () => {
  it("is shared by two pipelines that run at once", async () => {
    await using server = await startRedis();
    const env = { REDIS_URL: server.url };
    const [here, there] = [await leadFile(hotLead), await leadFile(another)];
    const both = await Promise.all([here, there].map((leads) => run(["--leads", leads], { env })));
    const meetings = both.map((one) => one.leads[0]?.meeting);
    expect(both.map((one) => one.leads[0]?.outcome)).toEqual(["meeting_scheduled", "meeting_scheduled"]);
    expect(new Set(meetings).size).toBe(2);
    // Each knows what the other has learned.
    const again = await Promise.all([there, here].map((leads) => run(["--leads", leads], { env })));
    expect(again.map((one) => one.leads[0]?.outcome)).toEqual(["duplicate", "duplicate"]);
  });

  it("shares the hour's limit of calls between pipelines that run at once", async () => {
    await using server = await startRedis();
    const env = { REDIS_URL: server.url };
    const leads = await Promise.all([leadFile(hotLead), leadFile(another)]);
    const limited = async (file: string) => run(["--leads", file, "--calls-per-hour", "10"], { env });
    const outcomes = (await Promise.all(leads.map(limited))).map((one) => one.leads[0]?.outcome);
    expect(outcomes).toContain("limit_reached");
  });

  it("has the workflows under way, and Postgres those that are finished", async () => {
    if (!requireService("postgres", { for: "the lead pipeline on Redis and Postgres" })) return;
    await using redis = await startRedis();
    await using postgres = await startPostgres();
    const env = { REDIS_URL: redis.url, DATABASE_URL: await postgres.createDatabase() };
    const leads = await leadFile(hotLead, another);
    const report = await run(["--leads", leads, "--calls-per-hour", "1000"], { env });
    expect(report.memory).toMatch(/^PostgreSQL .*; volatile: Redis /u);
    expect(report.leads.map(({ outcome }) => outcome)).toEqual(["meeting_scheduled", "meeting_scheduled"]);
    for (const { workflowId } of report.leads) {
      const shown = await runProgram(["--show", workflowId], {
        env: { DATABASE_URL: env.DATABASE_URL },
        remembers: true,
      });
      expect(shown.stdout, shown.stderr).toContain("meeting scheduled");
    }
    const again = await run(["--leads", leads, "--calls-per-hour", "1000"], { env });
    expect(again.leads.map(({ outcome }) => outcome)).toEqual(["duplicate", "duplicate"]);
    expect(again.totals.callsThisHour).toBe(report.totals.calls + again.totals.calls);
  });

  it("is the volatile half when a folder is named", async () => {
    await using server = await startRedis();
    const { data } = await workedFolder("with-redis");
    const report = await run(["--leads", await leadFile(another), "--data", data], {
      env: { REDIS_URL: server.url },
    });
    expect(report.memory).toMatch(/with-redis; volatile: Redis 127\.0\.0\.1:\d+/u);
    expect(report.exitCode).toBe(0);
  });
});
