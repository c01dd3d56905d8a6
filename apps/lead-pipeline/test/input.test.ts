import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../src/input/input-error.ts";
import { readLeadFile, readLeadStream } from "../src/input/read-leads.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "relevo-leads-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

let files = 0;
async function read(content: string | Uint8Array, name = "leads.txt") {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, content);
  return await readLeadFile(path);
}

/** Each row as `id` or as `line: reason`. */
async function rowsOf(content: string | Uint8Array, name?: string): Promise<readonly string[]> {
  const { rows } = await read(content, name);
  return rows.map((row) => (row.ok ? row.lead.id : `${row.line}: ${row.reason}`));
}

const good = (id: string) => JSON.stringify({ id, email: "a@b.example", message: "hello" });

describe("JSONL", () => {
  it("skips blank lines, reports broken ones with their number, and goes on", async () => {
    const text = ["\uFEFF", good("a"), "", "{broken", "   ", good("b"), "[1]", '"x"', "null"].join("\r\n");
    expect(await rowsOf(text.replace("\uFEFF\r\n", "\uFEFF"))).toEqual([
      "a",
      expect.stringMatching(/^3: not valid JSON/),
      "b",
      "6: a lead must be an object, not a list",
      "7: a lead must be an object, not a string",
      "8: a lead must be an object, not null",
    ]);
  });

  it.each([
    [{ email: "a@b.example", message: "m" }, "id is missing"],
    [{ id: " ", email: "a@b.example", message: "m" }, "id is missing"],
    [{ id: "x", message: "m" }, "email is missing"],
    [{ id: "x", email: "a@b.example", message: " " }, "message is missing"],
    [{ id: "x", email: "nobody", message: "m" }, "email is not an e-mail address"],
    [{ id: "x", email: "a@b", message: "m" }, "email is not an e-mail address"],
    [{ id: "x", email: "a b@c.example", message: "m" }, "email is not an e-mail address"],
    [{ id: "x", email: "a@b.example\nBcc: c@d.example", message: "m" }, "email is not an e-mail address"],
    [{ id: "x", email: 5, message: "m" }, "email must be text, not a number"],
    [{ id: {}, email: "a@b.example", message: "m" }, "id must be text, not an object"],
    [{ id: "x", email: "a@b.example", message: ["m"] }, "message must be text, not a list"],
    [
      { id: "x", email: "a@b.example", message: "m", companySize: [] },
      "companySize must be text or a number, not a list",
    ],
    [
      { id: "x", email: "a@b.example", message: "m".repeat(20_001) },
      "message is longer than 20000 characters",
    ],
    [
      { id: "x", email: "a@b.example", message: "m", name: "n".repeat(501) },
      "name is longer than 500 characters",
    ],
    [{ id: "x", email: "a@b.example", message: "\ud800" }, "message holds U+D800, which is no text"],
    [{ id: "x", email: "a@b.example", message: "m\0" }, "message holds U+0000, which is no text"],
    [
      { id: "x\ufffd", email: "a@b.example", message: "m" },
      "id holds U+FFFD, which stands for a character that was lost",
    ],
    [{ id: "x", email: "a\u200b@b.example", message: "m" }, "email holds U+200B, which is not seen"],
    [{ id: "x", email: "a@b.example", message: " \u200b\u2060" }, "message is missing"],
    [
      { id: "x", email: "a@b.example", message: "m", other: "o".repeat(50_001) },
      "other fields are larger than 50000 bytes",
    ],
  ])("%j is refused", async (row, reason) => {
    expect(await rowsOf(`${JSON.stringify(row)}\n${good("next")}`)).toEqual([`1: ${reason}`, "next"]);
  });

  it("refuses the second row with an id, and names the first", async () => {
    expect(await rowsOf([good("a"), good("b"), good("a")].join("\n"))).toEqual([
      "a",
      "b",
      "3: the id is already used on line 1",
    ]);
  });

  it("keeps other fields, takes numbers as ids, and lets no field reach a prototype", async () => {
    const { rows } = await read(
      '{"id":7,"email":"a@b.example","message":"m","utm":{"a":1},"__proto__":{"x":1}}',
    );
    expect(rows[0]).toMatchObject({ ok: true, lead: { id: "7", extra: { utm: { a: 1 } } } });
    expect(Object.hasOwn(rows[0]?.ok === true ? rows[0].lead.extra : {}, "__proto__")).toBe(true);
    expect(Object.prototype).not.toHaveProperty("x");
  });

  it("keeps a separator inside a string on its line", async () => {
    expect(await rowsOf(`${good("a\u2028b")}\n${good("c")}`)).toEqual(["a\u2028b", "c"]);
  });
});

describe("CSV", () => {
  it.each([
    ["comma", "id,email,message\na,a@b.example,hello\n"],
    ["semicolon", "id;email;message\na;a@b.example;hello, there\n"],
    ["tab", "id\temail\tmessage\na\ta@b.example\thello\n"],
    ["bar", "id|email|message\na|a@b.example|hello\n"],
    ["byte order mark and CRLF", "\uFEFFid,email,message\r\na,a@b.example,hello\r\n"],
    ["old line ends", "id,email,message\ra,a@b.example,hello\r"],
    ["headings in Spanish", "Código;Correo electrónico;Mensaje\na;a@b.example;hola\n"],
    ["quoted headings", '"id","E-mail","Message"\n"a","a@b.example","hello"\n'],
    ["no line end", "id,email,message\na,a@b.example,hello"],
    ["empty fields too many", "id,email,message\na,a@b.example,hello,,\n"],
  ])("%s", async (_name, text) => {
    expect(await rowsOf(text, "leads.csv")).toEqual(["a"]);
  });

  it("reads quoted fields over several lines and counts lines on", async () => {
    const text = 'id,email,message,size\r\na,a@b.example,"one\r\n""two"", three",5\r\n\r\nb,bad,x,1\r\n';
    const { rows } = await read(text);
    expect(rows).toMatchObject([
      { ok: true, line: 2, lead: { message: 'one\n"two", three', companySize: "5" } },
      { ok: false, line: 5, id: "b", reason: "email is not an e-mail address" },
    ]);
  });

  it("reports ragged rows and broken quotes by line, and reads on", async () => {
    const text = [
      "id,email,message",
      "a,a@b.example",
      "b,b@b.example,hi,more",
      'c,c@b.example,"x"y',
      "d,d@b.example,fine",
      'e,e@b.example,say "hi"',
      'f,f@b.example,"never closed',
      "g,g@b.example,fine too",
    ].join("\n");
    expect(await rowsOf(text)).toEqual([
      "2: has 2 fields where the header has 3",
      "3: has 4 fields where the header has 3",
      "4: text follows a closing quote",
      "d",
      "6: a quote stands inside a field that is not quoted",
      "7: a quote is opened and never closed",
      "g",
    ]);
  });

  it("gives up on a file of broken quotes instead of reading it again for each", async () => {
    const rows = await rowsOf(`id,email,message\n${'"x\n'.repeat(400)}`);
    expect(rows).toHaveLength(52);
    expect(rows.at(-1)).toMatch(/more than 50 broken quotes/);
  });

  it("keeps columns it does not know", async () => {
    const { rows } = await read("id,email,message,source,\na,a@b.example,hello,fair,note\n");
    expect(rows).toMatchObject([{ lead: { extra: { source: "fair", "column 5": "note" } } }]);
  });

  it("takes the first column that holds something when two mean one field", async () => {
    const { rows } = await read("id,email,correo,message\na,,a@b.example,hello\n");
    expect(rows).toMatchObject([{ ok: true, lead: { email: "a@b.example" } }]);
  });

  it("reads what spreadsheets write, and says when it guessed", async () => {
    const text = "id;email;message\na;a@b.example;¿Cuánto cuesta el año?";
    const latin = await read(Buffer.from(text, "latin1"));
    expect(latin.rows).toMatchObject([{ lead: { message: "¿Cuánto cuesta el año?" } }]);
    expect(latin.notices).toEqual([expect.stringMatching(/Windows-1252/)]);
  });
});

describe("what is no lead file", () => {
  it.each([
    ["", /is empty/],
    [" \n\n ", /is empty/],
    ["id,email,message\n", /no lead below/],
    ["[]", /an empty list/],
    [Buffer.from("PK\u0003\u0004\u0014\u0000\u0006\u0000"), /an XLSX workbook: save the sheet as CSV/],
    [Buffer.from("%PDF-1.7"), /a PDF/],
    ["lorem ipsum\ndolor", /no column for id, email, message/],
    ["id,email\na,b@c.example", /no column for message/],
    [Buffer.from([0x7f, 0x45, 3, 4, 0, 0, 1]), /not a text file/],
    [Buffer.alloc(200, 1), /not a text file/],
  ])("%j", async (content, message) => {
    const failure = read(content);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(InputError);
  });

  it("says so for a missing file and a folder", async () => {
    await expect(readLeadFile(join(folder, "none"))).rejects.toThrow(/no such file/);
    await expect(readLeadFile(folder)).rejects.toThrow(/it is a folder/);
  });

  it("reads a stream whose chunks cut a character", async () => {
    const bytes = Buffer.from(`{"id":"a","email":"a@b.example","message":"año"}`);
    const cut = bytes.indexOf(0xc3) + 1;
    const file = await readLeadStream(Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]));
    expect(file.rows).toMatchObject([{ lead: { message: "año" } }]);
  });
});
