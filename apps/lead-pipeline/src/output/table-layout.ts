import type { Lead } from "../lead.ts";
import { displayWidth, fit, oneLine } from "./terminal-text.ts";

export type ColumnName = "lead" | "company" | "outcome" | "score" | "agents" | "time";

/** Which columns the table has, in order, and how wide they are. */
export interface TableLayout {
  /** No line is wider. */
  readonly columns: number;
  readonly widths: ReadonlyMap<ColumnName, number>;
}

/**
 * The table in so many columns. What does not fit is left out, the agents first, then the time, the company and the
 * score. With `Infinity` nothing is cut, and cells are as wide as most of their content.
 */
export function layoutOf(leads: readonly Lead[], columns: number): TableLayout {
  const widest = (texts: readonly string[], least: number, most: number): number =>
    texts.reduce((width, text) => Math.min(most, Math.max(width, displayWidth(text))), least);
  const wanted = {
    lead: widest(
      leads.map(({ id }) => oneLine(id)),
      4,
      24,
    ),
    company: widest(
      leads.map(({ company }) => oneLine(company ?? "")),
      7,
      24,
    ),
    outcome: 17,
    score: 7,
    agents: 40,
    time: 6,
  };
  const layout = new Map<ColumnName, number>(Object.entries(wanted) as [ColumnName, number][]);
  const used = (): number => [...layout.values()].reduce((sum, width) => sum + width + 1, -1);
  // A narrow table still tells leads apart: these two give way before a column goes.
  const least = { lead: 8, company: 10 } as const;
  for (const column of ["agents", "time", "company", "score"] as const) {
    for (const narrowed of ["company", "lead"] as const) {
      const width = layout.get(narrowed);
      const surplus = used() - columns;
      if (width === undefined || surplus <= 0) continue;
      layout.set(narrowed, Math.max(Math.min(width, least[narrowed]), width - surplus));
    }
    if (used() <= columns) break;
    layout.delete(column);
    if (layout.has("company")) layout.set("company", wanted.company);
    layout.set("lead", wanted.lead);
  }
  for (const column of ["lead", "outcome"] as const) {
    const surplus = used() - columns;
    if (surplus > 0) layout.set(column, Math.max(4, (layout.get(column) ?? 0) - surplus));
  }
  return { columns, widths: layout };
}

/** The text in its column: filled with spaces, and cut where the screen has an edge. */
export function cell(
  text: string,
  width: number,
  layout: Pick<TableLayout, "columns">,
  align: "left" | "right" = "left",
): string {
  if (layout.columns === Number.POSITIVE_INFINITY && displayWidth(text) > width) return text;
  return fit(text, width, align);
}
