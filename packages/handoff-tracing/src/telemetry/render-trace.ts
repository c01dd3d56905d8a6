import { type JsonValue, printable } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { errorType, genAi } from "./conventions.ts";
import type { StoredSpan } from "./stored-span.ts";

export interface RenderTraceOptions {
  /** Draws with ASCII alone. */
  readonly ascii?: boolean | undefined;
  /** Leaves out the spans of the store and what is below them; false when left out. */
  readonly withoutStore?: boolean | undefined;
  /** Leaves out the spans for which it is false, and what is below them. */
  readonly filter?: ((span: StoredSpan) => boolean) | undefined;
}

const maxDepth = 40;
/** Where the times stand at most; a longer line has its own place for them. */
const maxTitle = 72;

/**
 * Draws spans as trees for a terminal: what ran inside what, for how long, with what result, and what failed. Names are
 * shown harmless, and without the `relevo.` before them.
 */
export function renderTrace(spans: readonly StoredSpan[], options: RenderTraceOptions = {}): string {
  const { ascii = false, withoutStore = false, filter } = options;
  const isShown = (span: StoredSpan): boolean =>
    !(withoutStore && isOfStore(span)) && (filter === undefined || filter(span));
  const { roots, children } = treeOf(spans);
  const [last, middle, down] = ascii ? ["`- ", "+- ", "|  "] : ["└─ ", "├─ ", "│  "];
  const rows: (readonly [title: string, duration: string, notes: string])[] = [];
  // Without recursion: a trace may be as deep as whoever made it likes.
  const waiting = roots
    .filter(isShown)
    .reverse()
    .map((span) => ({ span, lead: "", branch: "", depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { span, lead, branch, depth } = next;
    const title = `${lead}${branch}${titleOf(span, ascii ? "->" : "→")}`;
    rows.push([title, `${span.durationMs.toFixed(1)} ms`, notesOf(span)]);
    const below = branch === "" ? lead : `${lead}${branch === last ? "   " : down}`;
    const inside = (children.get(span.spanId) ?? []).filter(isShown).sort((a, b) => a.startMs - b.startMs);
    for (const [index, child] of [...inside.entries()].reverse())
      waiting.push({
        span: child,
        lead: depth < maxDepth ? below : lead,
        branch: index === inside.length - 1 ? last : middle,
        depth: depth + 1,
      });
  }
  const widest = rows.reduce((most, [title]) => Math.max(most, title.length), 0);
  const longest = rows.reduce((most, [, duration]) => Math.max(most, duration.length), 0);
  return rows
    .map(([title, duration, notes]) =>
      `${title.padEnd(Math.min(widest, maxTitle))}  ${duration.padStart(longest)}  ${notes}`.trimEnd(),
    )
    .join("\n");
}

interface Tree {
  /** Those without a parent among the spans. */
  readonly roots: readonly StoredSpan[];
  readonly children: ReadonlyMap<string, readonly StoredSpan[]>;
}

function treeOf(spans: readonly StoredSpan[]): Tree {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, StoredSpan[]>();
  const roots: StoredSpan[] = [];
  for (const span of spans) {
    const { parentId } = span;
    if (parentId === undefined || !ids.has(parentId)) {
      roots.push(span);
      continue;
    }
    const siblings = children.get(parentId);
    if (siblings === undefined) children.set(parentId, [span]);
    else siblings.push(span);
  }
  return { roots, children };
}

function isOfStore({ attributes }: StoredSpan): boolean {
  return /^(?:log|documents|leases|feed|search|maintenance|record|store)\./u.test(
    String(attributes[relevo.operation.name]),
  );
}

function titleOf({ name, attributes }: StoredSpan, arrow: string): string {
  const from = attributes[relevo.handoffFrom.name];
  const to = attributes[relevo.handoffTo.name];
  const plain = from === undefined ? name.replace(/^relevo\./u, "") : "handoff";
  const record = attributes[genAi.memoryRecordId] ?? attributes[relevo.key.name];
  const what = from === undefined ? record : `${String(from)} ${arrow} ${String(to)}`;
  return printable(what === undefined ? plain : `${plain} ${String(what)}`);
}

/** What came of it. */
function notesOf({ error, attributes, links = [], retries = 0 }: StoredSpan): string {
  const counted = (count: JsonValue | undefined, unit: string): string | undefined =>
    typeof count === "number" ? `${count} ${count === 1 ? unit : `${unit}s`}` : undefined;
  const some = (count: JsonValue | undefined, text: string): string | undefined =>
    typeof count === "number" && count > 0 ? `${count} ${text}` : undefined;
  const found = attributes[relevo.found.name];
  const shown = attributes[relevo.viewMessages.name] ?? attributes[relevo.handoffPassed.name];
  const notes = [
    error === undefined ? undefined : `!${String(attributes[errorType] ?? "error")}`,
    attributes[relevo.handoffStatus.name],
    attributes[relevo.handoffUnrecorded.name] === true ? "not in the log" : undefined,
    attributes[relevo.handoffPolicy.name] ?? attributes[relevo.viewStrategy.name],
    counted(shown, "message"),
    some(attributes[relevo.viewDropped.name] ?? attributes[relevo.handoffDropped.name], "dropped"),
    some(attributes[relevo.viewSummarized.name], "summarized"),
    counted(attributes[genAi.memoryRecordCount], "record"),
    typeof found === "boolean" ? (found ? "found" : "nothing found") : undefined,
    some(retries, retries === 1 ? "retry" : "retries"),
    some(links.length, "linked"),
  ];
  return printable(notes.filter((note) => note !== undefined).join(", "));
}
