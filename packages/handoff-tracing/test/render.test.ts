import { describe, expect, test } from "vitest";
import { duration, printable } from "../src/draw/printable.ts";
import { renderChain } from "../src/draw/render-chain.ts";
import { toMermaid } from "../src/draw/to-mermaid.ts";
import type { HandoffChain, HandoffEntry } from "../src/read/chain.ts";
import { graphOf } from "../src/read/graph.ts";

function entry(fields: Partial<HandoffEntry>): HandoffEntry {
  return {
    handoffId: "h",
    from: "a",
    to: "b",
    reason: "why",
    priority: "normal",
    depth: 0,
    status: "completed",
    ...fields,
  };
}

const chain: HandoffChain = {
  session: "lead-7",
  version: 9,
  erased: [],
  entries: [
    entry({
      handoffId: "1",
      from: "coordinator",
      to: "qualifier",
      durationMs: 1234,
      reason: "new lead",
      context: {
        policy: "last(5)",
        passed: [{ from: 3, to: 7 }],
        dropped: [],
        tokensBefore: 900,
        tokensAfter: 210,
      },
    }),
    entry({
      handoffId: "2",
      parentId: "1",
      from: "qualifier",
      to: "日本",
      status: "failed",
      durationMs: 8.25,
      priority: "urgent",
      error: { name: "TypeError", message: "no slot", code: "E1" },
    }),
    entry({ handoffId: "3", parentId: "2", from: "日本", to: "c", status: "running" }),
    entry({
      handoffId: "4",
      parentId: "trimmed",
      from: "coordinator",
      to: "outbound",
      status: "rejected",
      durationMs: 65_000,
    }),
  ],
};

// A stranger's name that tries everything: colours, a new line, HTML, quotes, brackets, a turn of the writing.
const hostile =
  'x\u001b[31m"]\n--> <script>alert(1)</script> `|` #quot; \u202egnp.exe\u009b2J\u3164\u034f\u17b4';

describe("renderChain", () => {
  test("draws a tree with states, times and reasons in even columns", () => {
    expect(renderChain(chain)).toBe(
      [
        "Session lead-7: 4 handoffs, 1 failed, 1 running, 1 rejected",
        "├─ coordinator → qualifier  ✓ completed      1.2 s  new lead (last(5): 5 messages, 210 of 900 tokens)",
        "│  └─ qualifier → 日本      ✗ failed        8.3 ms  [urgent] why",
        "│     │  TypeError [E1]: no slot",
        "│     └─ 日本 → c           … running               why",
        "└─ coordinator → outbound   ⊘ rejected   1 min 5 s  why",
      ].join("\n"),
    );
  });

  test("draws with ASCII only when asked", () => {
    const text = renderChain(
      { ...chain, entries: chain.entries.filter(({ handoffId }) => handoffId !== "2" && handoffId !== "3") },
      { ascii: true },
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII.
    expect(text).toMatch(/^[\u0000-\u007f]*$/);
    expect(text).toContain("|- coordinator -> qualifier");
    expect(text).toContain("`- coordinator -> outbound");
  });

  test("keeps a line a line, whatever agents call themselves", () => {
    const text = renderChain({
      session: hostile,
      entries: [
        entry({
          from: hostile,
          to: "b".repeat(5000),
          reason: hostile,
          error: { name: hostile, message: hostile },
        }),
      ],
    });
    const lines = text.split("\n");
    expect(lines).toHaveLength(3);
    expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
    expect(text).toContain("\\u001b[31m");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(300);
  });

  test("says what was erased, and draws an empty chain", () => {
    expect(renderChain({ session: "s", entries: [], erased: [3] })).toBe(
      "Session s: 0 handoffs, 1 record erased",
    );
  });

  test("cannot be sent in circles by records that name each other as parents", () => {
    const text = renderChain({
      session: "s",
      entries: [
        entry({ handoffId: "1", parentId: "2" }),
        entry({ handoffId: "2", parentId: "1" }),
        entry({ handoffId: "3", parentId: "3" }),
      ],
    });
    expect(text.split("\n")).toHaveLength(4);
  });
});

describe("toMermaid", () => {
  test("draws agents as numbered boxes and ways with their figures", () => {
    expect(toMermaid(graphOf(chain))).toBe(
      [
        "flowchart LR",
        '  agent1["coordinator"]',
        '  agent2["qualifier"]',
        '  agent3["日本"]',
        '  agent4["c"]',
        '  agent5["outbound"]',
        '  agent1 -->|"1×, 1.2 s"| agent2',
        '  agent2 -->|"1×, 8.3 ms, 1 failed"| agent3',
        '  agent3 -->|"1×, 1 running"| agent4',
        '  agent1 -->|"1×, 1 min 5 s, 1 rejected"| agent5',
      ].join("\n"),
    );
  });

  test("lets no name out of its label", () => {
    const text = toMermaid(graphOf({ entries: [entry({ from: hostile, to: " " })] }), {
      direction: "TD",
      maxName: 100,
    });
    const [first, from, to, way, ...rest] = text.split("\n");
    expect(first).toBe("flowchart TD");
    expect(from).toMatch(/^ {2}agent1\["[^"<>[\]`|\\]*"\]$/);
    expect(from).toContain("#60;script#62;");
    expect(from).toContain("#35;quot#59;");
    expect(to).toBe('  agent2["#32;"]');
    expect(way).toBe('  agent1 -->|"1×"| agent2');
    expect(rest).toEqual([]);
  });
});

test("printable cuts by characters, not inside one", () => {
  expect(printable("😀".repeat(10), 4)).toBe("😀😀😀…");
  expect(printable("short", 5)).toBe("short");
  expect(printable("\ud800", 5)).toBe("\\ud800");
});

test.each([
  [0, "0 ms"],
  [9.96, "10 ms"],
  [999.6, "1.0 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min 0 s"],
  [3_599_000, "59 min 59 s"],
])("duration of %s is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

describe("a chain from a hostile or an endless log", () => {
  test("is drawn however deep it is, and never wider than its first 40 levels", () => {
    const entries = Array.from({ length: 10_000 }, (_, index) =>
      entry({ handoffId: `h${index}`, ...(index === 0 ? {} : { parentId: `h${index - 1}` }) }),
    );
    const lines = renderChain({ session: "s", entries }).split("\n");
    expect(lines).toHaveLength(10_001);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
    expect(lines.at(-1)).toContain("└─ (10000) a → b");
    expect(lines[40]).not.toContain("(40)");
  });

  test("is drawn however long it is", () => {
    const entries = Array.from({ length: 150_000 }, (_, index) => entry({ handoffId: `h${index}` }));
    expect(renderChain({ session: "s", entries }).split("\n")).toHaveLength(150_001);
  });

  test("shows invisible tags, and no priority reaches the terminal as it is", () => {
    expect(printable("a\u{e0041}b", 10)).toBe("a\\u{e0041}b");
    const priority = "\u001b[2J" as "high";
    expect(renderChain({ session: "s", entries: [entry({ priority })] })).toContain("[\\u001b[2J]");
  });
});
