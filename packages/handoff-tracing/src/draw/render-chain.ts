import { admitOptions, countRanges, type FieldTable, fieldTable } from "@relevo/core/input";
import type { HandoffChain, HandoffEntry, HandoffState } from "../read/chain.ts";
import { counted, duration, printable } from "./printable.ts";

export interface RenderChainOptions {
  /** Draw with ASCII only, for terminals and logs that show nothing else. Names are not changed. */
  readonly ascii?: boolean | undefined;
  /** Names longer than this are cut. 32 when left out. */
  readonly maxName?: number | undefined;
  /** Reasons and errors longer than this are cut. 72 when left out. */
  readonly maxText?: number | undefined;
}

const fields: FieldTable = fieldTable<RenderChainOptions>({
  ascii: "refines",
  maxName: "refines",
  maxText: "refines",
});

interface Pencil {
  readonly arrow: string;
  readonly branch: string;
  readonly corner: string;
  readonly line: string;
  readonly marks: Readonly<Record<HandoffState, string>>;
}

const unicode: Pencil = {
  arrow: "→",
  branch: "├─ ",
  corner: "└─ ",
  line: "│  ",
  marks: {
    running: "…",
    completed: "✓",
    failed: "✗",
    rejected: "⊘",
    "timed-out": "✗",
    degraded: "!",
    abandoned: "?",
  },
};

const plain: Pencil = {
  arrow: "->",
  branch: "|- ",
  corner: "`- ",
  line: "|  ",
  marks: {
    running: "~",
    completed: "+",
    failed: "x",
    rejected: "-",
    "timed-out": "x",
    degraded: "!",
    abandoned: "?",
  },
};

/** How many levels are indented: lines are as wide as the deepest one, so the drawing would grow with the square. */
const maxLevels = 40;

/** A line of the drawing, before its columns are aligned. */
interface Row {
  readonly way: string;
  readonly state: string;
  readonly time: string;
  readonly note: string;
  readonly below: readonly string[];
}

/**
 * Draws a chain for a terminal: one line for each handoff, nested ones indented below the enclosing one, with state,
 * duration, what was passed and the reason. Below 40 levels the indentation stays and the level is printed. Names
 * cannot break a line.
 */
export function renderChain(
  chain: Pick<HandoffChain, "session" | "entries"> & { readonly erased?: readonly number[] },
  given?: RenderChainOptions,
): string {
  const options = admitOptions(given, fields);
  const pencil = options.ascii === true ? plain : unicode;
  const maxName = options.maxName ?? 32;
  const maxText = options.maxText ?? 72;
  const children = childrenOf(chain.entries);
  const rows: Row[] = [];

  // An explicit stack, because a log may be nested deeper than a call stack.
  const open = [{ entries: children.get(undefined) ?? [], next: 0, indent: "" }];
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const entry = at.entries[at.next++];
    if (entry === undefined) {
      open.pop();
      continue;
    }
    const { indent } = at;
    const isLast = at.next === at.entries.length;
    const isDeepest = open.length > maxLevels;
    const inside = children.get(entry.handoffId) ?? [];
    const deeper = isDeepest ? indent : indent + (isLast ? "   " : pencil.line);
    const level = isDeepest ? `(${open.length}) ` : "";
    const names = `${printable(entry.from, maxName)} ${pencil.arrow} ${printable(entry.to, maxName)}`;
    const below = `${deeper}${inside.length > 0 ? pencil.line : "   "}`;
    rows.push({
      way: `${indent}${isLast ? pencil.corner : pencil.branch}${level}${names}`,
      state: `${pencil.marks[entry.status]} ${entry.status}`,
      time: entry.durationMs === undefined ? "" : duration(entry.durationMs),
      note: noteOf(entry, maxText),
      // The line of the handoff that caused the error says it.
      below:
        entry.error === undefined || entry.causedBy !== undefined
          ? []
          : [`${below}${printable(errorOf(entry.error), maxText)}`],
    });
    open.push({ entries: inside, next: 0, indent: deeper });
  }
  const widths = (["way", "state", "time"] as const).map((name) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[name])), 0),
  );
  const lines = rows.flatMap((row) => {
    const cells = [
      pad(row.way, widths[0]),
      pad(row.state, widths[1]),
      pad(row.time, widths[2], true),
      row.note,
    ];
    return [cells.join("  ").trimEnd(), ...row.below];
  });
  const text = [titleOf(chain, maxName), ...lines].join("\n");
  return pencil === plain ? text.replaceAll("…", "...") : text;
}

/** Entries by their enclosing handoff; those whose enclosing one is unknown (trimmed, erased) are at the top level. */
function childrenOf(
  entries: readonly HandoffEntry[],
): ReadonlyMap<string | undefined, readonly HandoffEntry[]> {
  const children = new Map<string | undefined, HandoffEntry[]>();
  const before = new Set<string>();
  for (const entry of entries) {
    // Only an earlier entry can be the enclosing one, so that records cannot form a cycle.
    const parent = entry.parentId !== undefined && before.has(entry.parentId) ? entry.parentId : undefined;
    const siblings = children.get(parent) ?? [];
    siblings.push(entry);
    children.set(parent, siblings);
    before.add(entry.handoffId);
  }
  return children;
}

function titleOf(
  chain: Pick<HandoffChain, "session" | "entries"> & { readonly erased?: readonly number[] },
  maxName: number,
): string {
  const states = new Map<HandoffState, number>();
  for (const { status } of chain.entries) states.set(status, (states.get(status) ?? 0) + 1);
  const parts = [counted(chain.entries.length, "handoff")];
  for (const [state, count] of states) if (state !== "completed") parts.push(`${count} ${state}`);
  const erased = chain.erased?.length ?? 0;
  if (erased > 0) parts.push(`${counted(erased, "record")} erased`);
  return `Session ${printable(chain.session, Math.max(maxName, 40))}: ${parts.join(", ")}`;
}

function noteOf(entry: HandoffEntry, maxText: number): string {
  const urgent = entry.priority === "normal" ? "" : `[${printable(entry.priority, 16)}] `;
  return `${urgent}${printable(entry.reason, maxText)}${passedOf(entry)}`;
}

function passedOf({ context }: HandoffEntry): string {
  if (context === undefined) return "";
  const passed = countRanges(context.passed) + (context.inlineAt ?? context.inline ?? []).length;
  const tokens =
    context.tokensBefore === undefined || context.tokensAfter === undefined
      ? ""
      : `, ${context.tokensAfter} of ${context.tokensBefore} tokens`;
  return ` (${printable(context.policy, 40)}: ${counted(passed, "message")}${tokens})`;
}

function errorOf(error: NonNullable<HandoffEntry["error"]>): string {
  const name = `${error.name}${error.code === undefined ? "" : ` [${error.code}]`}`;
  return error.message === "" ? name : `${name}: ${error.message}`;
}

/** Columns that a terminal uses: wide East Asian characters and emoji take two, combining marks none. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}

function pad(text: string, columns = 0, left = false): string {
  const space = " ".repeat(Math.max(0, columns - width(text)));
  return left ? space + text : text + space;
}
