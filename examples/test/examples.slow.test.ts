import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemory } from "@relevo/memory";
import { openEmbedded } from "@relevo/store-postgres";
import { requireService, startPrivatePostgres } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExample, startExample } from "./run-example.ts";

let folder: string;
/** One for all, because making it takes seconds. */
let data: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-examples-"));
  data = join(folder, "data");
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it("every example is short and in the README", async () => {
  const home = join(import.meta.dirname, "..");
  const names = (await readdir(home)).filter((name) => name.endsWith(".ts"));
  expect(names.length).toBeGreaterThanOrEqual(3);
  const readme = await readFile(join(home, "README.md"), "utf8");
  for (const name of names) {
    expect(readme).toContain(`[${name}](${name})`);
    expect((await readFile(join(home, name), "utf8")).trimEnd().split("\n").length, name).toBeLessThanOrEqual(
      40,
    );
  }
});

it("terminal-chat continues after a restart", async () => {
  expect(await runExample("terminal-chat.ts", [data], { input: "Hola\n" })).toBe(
    "assistant> Nice to meet you.\n",
  );
  expect(await runExample("terminal-chat.ts", [data], { input: "Still there?\n" })).toBe(
    'user> Hola\nassistant> Nice to meet you.\nassistant> You began with "Hola", 1 lines ago.\n',
  );
});

it("move-history moves what is new, and nothing twice", async () => {
  const file = join(folder, "history.jsonl");
  const rows = [
    { role: "user", content: "How warm is it?" },
    { role: "assistant", content: "12 degrees." },
  ];
  const write = (): Promise<void> => writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const move = (): Promise<string> => runExample("move-history.ts", [file, data, "thread-7"]);
  await write();
  expect(await move()).toBe("2 rows moved, 2 messages in the session\n");
  expect(await move()).toBe("0 rows moved, 2 messages in the session\n");
  rows.push({ role: "user", content: "And tomorrow?" });
  await write();
  expect(await move()).toBe("1 rows moved, 3 messages in the session\n");
});

it("what is missing or wrong is said in one line, and nothing is made", async () => {
  const broken = join(folder, "broken.jsonl");
  await writeFile(broken, "Hello\n");
  const nowhere = join(folder, "nowhere");
  const none = "postgres://127.0.0.1:1/chat";
  const runs: readonly (readonly [string, readonly string[], string])[] = [
    ["move-history.ts", [join(folder, "none.jsonl"), nowhere], "is no history"],
    ["move-history.ts", [broken, nowhere], "is no history"],
    ["personal-data.ts", [nowhere], "Name the person"],
    ["http-chat.ts", [], "DATABASE_URL names no database"],
  ];
  for (const [name, args, says] of runs) {
    const error = await runExample(name, args, { env: { DATABASE_URL: none } }).catch(String);
    expect(error).toContain(says);
    expect(error.trimEnd().split("\n"), name).toHaveLength(1);
  }
  expect(await readdir(folder)).not.toContain("nowhere");
});

it("personal-data copies what is known about a person, and erases it", async () => {
  {
    await using store = await openEmbedded(data);
    const tenant = createMemory({ store }).tenant("local");
    const session = tenant.session("juan-1", { subject: "juan" });
    await session.append({ role: "user", content: "Hola, me llamo Juan" });
    await session.user.remember("language", "es");
  }
  const copy = join(folder, "juan.jsonl");
  const run = (...action: string[]): Promise<string> =>
    runExample("personal-data.ts", [data, "juan", ...action]);
  // The person's memory, and that there is a person.
  expect(await run(copy)).toBe(`Known: 1 sessions with 1 events, 2 memories\nCopied to ${copy}\n`);
  const kinds = (await readFile(copy, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).kind);
  expect(kinds).toEqual(["relevo-export", "session", "event", "document", "document", "end"]);
  const report = await run("--erase");
  expect(report).toMatch(/^Erased: 1 sessions with 1 events, 2 memories\nOut of reach: /u);
});

describe.skipIf(!requireService("private-postgres", { for: "the HTTP example" }))("http-chat", () => {
  it("serves one session from two processes", async () => {
    await using server = await startPrivatePostgres();
    const env = { PORT: "0", DATABASE_URL: await server.createDatabase("chat") };
    await using first = await startExample("http-chat.ts", env);
    await using second = await startExample("http-chat.ts", env);
    const ask = async (at: typeof first, id: string, body: string): Promise<string> => {
      const { port } = JSON.parse(at.line) as { readonly port: number };
      const headers = { "session-id": "s-1", "request-id": id };
      const response = await fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body });
      return `${response.status} ${await response.text()}`;
    };
    const answers = await Promise.all(
      ["r-1", "r-2", "r-1", "r-2", "r-3"].map((id, index) =>
        ask(index % 2 === 0 ? first : second, id, `I am ${id}`),
      ),
    );
    // Each was answered once, in some order, and none was between the question and the answer of another.
    expect(answers[2]).toBe(answers[0]);
    expect(answers[3]).toBe(answers[1]);
    const numbers = new Set(answers.map((answer) => /^200 Answer (\d) to "I am r-\d"$/u.exec(answer)?.[1]));
    expect([...numbers].sort()).toEqual(["1", "2", "3"]);
    expect(await ask(second, "r-1", "something else")).toBe("409 conflict");
    expect(await ask(first, "", "no id")).toBe("400 invalid-input");
  });
});
