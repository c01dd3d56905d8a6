import { printable } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { errorType, genAi } from "./conventions.ts";
import type { StoredSpan } from "./stored-span.ts";

export interface RenderTraceOptions {
  /** Draws with ASCII alone. */
  readonly ascii?: boolean | undefined;
  /** Leaves out the spans of the store and what is below them; false when left out. */
  readonly withoutStore?: boolean | undefined;
}

const maxDepth = 40;

/** Draws spans as trees for a terminal: what ran inside what, for how long, and what failed. Names are shown harmless. */
export function renderTrace(spans: readonly StoredSpan[], options: RenderTraceOptions = {}): string {
  const { ascii = false, withoutStore = false } = options;
  const shown = withoutStore ? spans.filter((span) => !isOfStore(span)) : spans;
  const ids = new Set(shown.map(({ spanId }) => spanId));
  const children = new Map<string, StoredSpan[]>();
  const roots: StoredSpan[] = [];
  for (const span of shown) {
    if (span.parentId === undefined || !ids.has(span.parentId)) {
      roots.push(span);
      continue;
    }
    const siblings = children.get(span.parentId);
    if (siblings === undefined) children.set(span.parentId, [span]);
    else siblings.push(span);
  }
  const [last, middle, down] = ascii ? ["`- ", "+- ", "|  "] : ["└─ ", "├─ ", "│  "];
  const lines: string[] = [];
  // Without recursion: a trace may be as deep as whoever made it likes.
  const waiting = roots.toReversed().map((span) => ({ span, lead: "", branch: "", depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { span, lead, branch, depth } = next;
    lines.push(`${lead}${branch}${describe(span)}`);
    const below = branch === "" ? lead : `${lead}${branch === last ? "   " : down}`;
    const inside = (children.get(span.spanId) ?? []).toSorted((a, b) => a.startMs - b.startMs);
    for (const [index, child] of [...inside.entries()].reverse())
      waiting.push({
        span: child,
        lead: depth < maxDepth ? below : lead,
        branch: index === inside.length - 1 ? last : middle,
        depth: depth + 1,
      });
  }
  return lines.join("\n");
}

function isOfStore({ attributes }: StoredSpan): boolean {
  return /^(?:log|documents|leases|feed|search|maintenance|record|store)\./u.test(
    String(attributes[relevo.operation.name]),
  );
}

function describe({ name, durationMs, error, attributes, links = [] }: StoredSpan): string {
  const from = attributes[relevo.handoffFrom.name];
  const to = attributes[relevo.handoffTo.name];
  const title = from === undefined ? name : `${name} ${String(from)} -> ${String(to)}`;
  const record = attributes[genAi.memoryRecordId] ?? attributes[relevo.key.name];
  const failed = error === undefined ? "" : ` !${String(attributes[errorType] ?? "error")}`;
  const linked = links.length === 0 ? "" : ` (${links.length} linked)`;
  const what = record === undefined ? "" : ` ${String(record)}`;
  return `${printable(`${title}${what}`)}  ${durationMs.toFixed(1)} ms${failed}${linked}`;
}
