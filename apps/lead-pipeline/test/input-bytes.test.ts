import { describe, expect, it } from "vitest";
import { parseLeads } from "../src/input/read-leads.ts";

const header = "id;email;message\n";
const row = (id: string, message: string) => `${id};${id}@b.example;${message}\n`;
const read = (bytes: Uint8Array) => parseLeads(bytes, "leads.csv");

/** The bytes of a text in which `~` stands for the given bytes. */
function withBytes(text: string, ...bytes: readonly number[]): Uint8Array {
  const parts = text.split("~");
  return Buffer.concat(
    parts.flatMap((part, index) => [Buffer.from(part), Buffer.from(index === parts.length - 1 ? [] : bytes)]),
  );
}

function messagesOf(bytes: Uint8Array): readonly string[] {
  return read(bytes).rows.map((one) => (one.ok ? one.lead.message : `${one.line}: ${one.reason}`));
}

describe("a UTF-8 file with damaged bytes", () => {
  it("is read as UTF-8, and says on which line and at which offset a byte is lost", () => {
    const text =
      header + row("a", "¿Cuánto cuesta?") + row("b", "el a~o que viene") + row("c", "Málaga, 日本");
    const bytes = withBytes(text, 0xf1);
    expect(messagesOf(bytes)).toEqual(["¿Cuánto cuesta?", "el a\ufffdo que viene", "Málaga, 日本"]);
    const offset = Buffer.from(bytes).indexOf(0xf1);
    expect(read(bytes).notices).toEqual([
      `leads.csv is not all UTF-8: 0xf1 on line 3, offset ${offset} cannot be read and became \ufffd`,
    ]);
  });

  it.each([
    ["a cut sequence", [0xe2, 0x82], "e282"],
    ["a lone continuation", [0x80], "80"],
    ["an overlong form", [0xc0], "c0"],
    ["a surrogate", [0xed], "ed"],
    ["beyond Unicode", [0xf5], "f5"],
  ])("%s is one lost character", (_name, bytes, shown) => {
    const file = read(withBytes(header + row("a", "año ~ x") + row("b", "ñ"), ...bytes));
    expect(file.rows).toMatchObject([{ lead: { message: "año \ufffd x" } }, { lead: { message: "ñ" } }]);
    expect(file.notices[0]).toContain(`0x${shown} on line 2`);
  });

  it("lists five places and counts the rest", () => {
    const { notices } = read(withBytes(header + row("a", `${"ñ".repeat(20)}${"~".repeat(9)}`), 0xff));
    expect(notices[0]?.match(/0xff/g)).toHaveLength(5);
    expect(notices[0]).toContain("; 4 more");
  });

  it("refuses the row when what is lost belongs to id or address", () => {
    const bytes = withBytes(`${header}a~;x@b.example;ñandú\n${row("b", "ñ")}`, 0xff);
    expect(messagesOf(bytes)).toEqual([
      "2: id holds U+FFFD, which stands for a character that was lost",
      "ñ",
    ]);
  });
});

describe("other encodings", () => {
  const text = header + row("a", "¿Cuánto cuesta el año?");
  const utf16 = (mark: string) => Buffer.from(`${mark}${text}`, "utf16le");
  it.each([
    ["UTF-16 with its mark", utf16("\uFEFF")],
    ["UTF-16 without a mark", utf16("")],
    ["UTF-16, big end first", utf16("\uFEFF").swap16()],
    ["UTF-16, big end first, without a mark", utf16("").swap16()],
    ["UTF-8 with its mark", Buffer.from(`\uFEFF${text}`)],
  ])("%s is read without a word", (_name, bytes) => {
    expect(messagesOf(bytes)).toEqual(["¿Cuánto cuesta el año?"]);
    expect(read(bytes).notices).toEqual([]);
  });

  it("UTF-16 that is mostly of another script is recognised too", () => {
    const rows = header + row("a", "日本株式会社のご案内をお願いします".repeat(3));
    expect(messagesOf(Buffer.from(rows, "utf16le"))).toEqual([
      "日本株式会社のご案内をお願いします".repeat(3),
    ]);
  });

  it("UTF-16 that is damaged says on which lines", () => {
    const file = read(Buffer.from(`\uFEFF${header}${row("a", "x\ud800y")}`, "utf16le"));
    expect(file.notices).toEqual([
      "leads.csv is not all UTF-16: what cannot be read became \ufffd on line 2",
    ]);
  });

  it("Windows-1252 is a guess, and the notice says so with the first places", () => {
    const file = read(Buffer.concat([Buffer.from(text, "latin1"), Buffer.from([0x62, 0x3b, 0x80, 0x81])]));
    expect(file.rows[0]).toMatchObject({ lead: { message: "¿Cuánto cuesta el año?" } });
    expect(file.notices).toEqual([
      expect.stringMatching(/not UTF-8 \(0xbf on line 2, offset \d+;.*read as Windows-1252/),
    ]);
    expect(JSON.stringify(file.rows)).not.toContain("\u0081");
  });
});

describe("marks and control characters inside", () => {
  it("a byte order mark and a header in the middle come from files put together", () => {
    const half = (id: string) => `\uFEFF${header}${row(id, "hello")}`;
    expect(messagesOf(Buffer.from(half("a") + half("b")))).toEqual(["hello", "hello"]);
  });

  it("one of them does not make a file unreadable: the row that has it is told", () => {
    const bytes = Buffer.from(header + row("a", "one\u0000two") + row("b", "bell\u0007") + row("c", "fine"));
    expect(messagesOf(bytes)).toEqual(["2: message holds U+0000, which is no text", "bell\u0007", "fine"]);
  });
});

describe("a first line that names the separator", () => {
  it.each([
    ["sep=;\n", ";"],
    ["SEP=,\r\n", ","],
    ['"sep=|"\n', "|"],
    ["\uFEFFsep=\t\n", "\t"],
    ["sep=^\n", "^"],
  ])("%j is obeyed, and lines are counted on", (first, mark) => {
    const rows = `id;email;message\na;a@b.example;hello\nb;bad;hello\n`.replaceAll(";", mark);
    expect(messagesOf(Buffer.from(first + rows))).toEqual(["hello", "4: email is not an e-mail address"]);
  });
});

describe("columns that come twice", () => {
  it.each([
    ["id,email,message,message", "a,a@b.example,first,", "first", {}],
    ["id,email,message,message", "a,a@b.example,,second", "second", {}],
    ["id,email,message,Mensaje,MESSAGE", "a,a@b.example,,two,three", "two", { MESSAGE: "three" }],
    ["id,email,message,Phone,Phone", "a,a@b.example,m,1,2", "m", { Phone: "1", "Phone (2)": "2" }],
    ["id,email,message,Phone,Phone,Phone", "a,a@b.example,m,,2,3", "m", { Phone: "2", "Phone (2)": "3" }],
    ["id,email,message,,", "a,a@b.example,m,x,y", "m", { "column 4": "x", "column 5": "y" }],
    ["id,email,message,__proto__,__proto__", "a,a@b.example,m,x,y", "m", { "__proto__ (2)": "y" }],
  ])("%s: %s", (columns, values, message, extra) => {
    expect(read(Buffer.from(`${columns}\n${values}\n`)).rows).toMatchObject([{ lead: { message, extra } }]);
  });
});
