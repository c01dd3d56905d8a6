import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { embedSources, isUpToDate, writeModule } from "../src/index.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "embed-")), "texts");
  folders.push(dirname(folder));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** What the written module exports, as Node.js loads it. */
async function load(folder: string): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(await writeModule(folder)).href)) as Record<string, unknown>;
}

interface Script {
  readonly source: string;
  readonly sha: string;
  readonly writes: boolean;
  keys(keys: Record<string, string | undefined>): string[];
  arguments(values: Record<string, unknown>): string[];
}

test("a script's keys, arguments and lists are passed by name and have names in Lua", async () => {
  const folder = await folderOf({
    "put-some.lua": `-- keys: documents documentOrder lease?
-- arguments: session fence:number? sealed:boolean owner?
-- list: ended
-- list: writes(key version:number?)
return redis.call('GET', LEASE)
`,
  });
  const { putSome } = (await load(folder)) as { putSome: Script };
  expect(putSome.keys({ documents: "d", documentOrder: "o", lease: undefined })).toEqual(["d", "o"]);
  expect(putSome.keys({ documents: "d", documentOrder: "o", lease: "l" })).toEqual(["d", "o", "l"]);
  expect(
    putSome.arguments({
      session: "s",
      fence: undefined,
      sealed: true,
      owner: undefined,
      ended: ["a", "b"],
      writes: [
        { key: "k", version: 3 },
        { key: "m", version: undefined },
      ],
    }),
  ).toEqual(["s", "", "1", "", "2", "a", "b", "k", "3", "m", ""]);
  expect(putSome.writes).toBe(true);
  expect(putSome.source).toBe(`local DOCUMENTS, DOCUMENT_ORDER, LEASE = KEYS[1], KEYS[2], KEYS[3]
local session, fence, sealed, owner = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4] ~= '' and ARGV[4] or nil
local endedFrom = 5
local endedCount = tonumber(ARGV[5])
local writesFrom = endedFrom + endedCount
local writesCount = (#ARGV - writesFrom) / 2
local function writesAt(index)
  local at = writesFrom + (index - 1) * 2
  return ARGV[at + 1], tonumber(ARGV[at + 2])
end
return redis.call('GET', LEASE)
`);
});

test("includes stand where they are named, once in the module, with their declarations", async () => {
  const folder = await folderOf({
    "include/clock.lua": "-- keys: log\nlocal now = 1\n",
    "include/guard.lua":
      "-- #include clock\n-- arguments: fence:number\nif fence then return {{answer}} end\n",
    "one.lua": `-- access: read\n-- #include guard(answer = "{ 'fence' }")\n-- arguments: other\n-- keys: log\nreturn now\n`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Text that a template literal would take for a placeholder.
    "two.lua": "-- #include clock\n-- constant: most = 16\nreturn '`${\\0{{most}}'\n",
  });
  const { text } = await embedSources(folder);
  expect(text.match(/local now = 1/gu)).toHaveLength(1);
  const { one, two, most } = (await load(folder)) as { one: Script; two: Script; most: number };
  expect(one.source).toBe(`local LOG = KEYS[1]
local fence, other = tonumber(ARGV[1]), ARGV[2]
local now = 1
if fence then return { 'fence' } end
return now
`);
  expect(one.writes).toBe(false);
  expect(two.source).toBe("local most = 16\nlocal LOG = KEYS[1]\nlocal now = 1\nreturn '`${\\016'\n");
  expect(most).toBe(16);
});

test("an SQL file is a text, or a function of the placeholders that are left open", async () => {
  const folder = await folderOf({
    "include/words.sql": "-- #define now_ms = floor(extract(epoch from clock_timestamp()) * 1000)\n",
    "include/live.sql": "  and ({{row}}.expires_at is null or {{row}}.expires_at > {{now_ms}})\n",
    "count-all.sql": '-- #include words\nselect 1 from {{schema}}.t as d\n-- #include live(row = "d")\n',
    "plain.sql": "select '$1', \\`x\n",
  });
  const { countAll, plain } = await load(folder);
  expect((countAll as (values: { schema: string }) => string)({ schema: '"a$&"' })).toBe(
    'select 1 from "a$&".t as d\n' +
      "  and (d.expires_at is null or d.expires_at > floor(extract(epoch from clock_timestamp()) * 1000))\n",
  );
  expect(plain).toBe("select '$1', \\`x\n");
});

test("a module that is older than its sources is told", async () => {
  const folder = await folderOf({ "one.lua": "return 1\n" });
  expect(await isUpToDate(folder)).toBe(false);
  const path = await writeModule(folder);
  expect(await isUpToDate(folder)).toBe(true);
  expect(await readFile(path, "utf8")).toMatch(/^\/\/ Generated by .* Do not edit\.\n/u);
  await writeFile(join(folder, "one.lua"), "return 2\n");
  expect(await isUpToDate(folder)).toBe(false);
});

test.each([
  [
    "an include that is not there",
    { "a.lua": "-- #include nothing\n" },
    "a.lua:1: there is no include/nothing.lua",
  ],
  [
    "an include of itself",
    { "a.lua": "-- #include b\n", "include/b.lua": "\n-- #include b\n" },
    'include/b.lua:2: "b" includes itself',
  ],
  ["an unknown directive", { "a.lua": "x\n-- #inclde b\n" }, "a.lua:2: unknown directive: -- #inclde b"],
  ["a placeholder that nothing defines", { "a.lua": "return {{what}}\n" }, "a.lua: nothing defines {{what}}"],
  [
    "an argument declared twice, differently",
    { "a.lua": "-- arguments: a\n-- arguments: a:number\n" },
    'a.lua:2: "a" is declared twice, differently.',
  ],
  [
    "a key behind an optional one",
    { "a.lua": "-- keys: a? b\n" },
    "a.lua:1: Only the last keys can be optional.",
  ],
  ["a type that is none", { "a.lua": "-- arguments: a:text\n" }, 'a.lua:1: "a:text" is not an argument'],
  [
    "values that are none",
    { "a.lua": "-- #include b(x = 1)\n", "include/b.lua": "{{x}}\n" },
    "a.lua:1: values are",
  ],
  ["an empty folder", { "a.txt": "" }, "has no .lua, .sql or .wat files"],
])("refuses %s", async (_, files, message) => {
  await expect(embedSources(await folderOf(files))).rejects.toThrow(message);
});
