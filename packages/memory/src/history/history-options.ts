import { admitFields, admitInteger, type FieldTable, fieldTable } from "@relevo/core/input";

/** How many old values are kept of each key, from 1 to 100; none of the kinds that are left out. */
export interface HistoryOptions {
  /** Of agents' memories across sessions. */
  readonly agents?: number | undefined;
  /** Of people's memories, and of what agents keep about people. */
  readonly users?: number | undefined;
  readonly workspaces?: number | undefined;
}

export type HistoryKind = keyof HistoryOptions;

/** The most old values of one key. */
export const mostPast = 100;

const fields: FieldTable = fieldTable<HistoryOptions>({
  agents: "refines",
  users: "refines",
  workspaces: "refines",
});

/** @throws `invalid-input` that names the field. */
export function admitHistory(given: HistoryOptions | undefined): Readonly<Record<HistoryKind, number>> {
  const kept = given === undefined ? {} : admitFields<HistoryOptions>(given, "options.history", fields);
  const of = (kind: HistoryKind): number =>
    kept[kind] === undefined ? 0 : admitInteger(kept[kind], `options.history.${kind}`, 1, mostPast);
  return { agents: of("agents"), users: of("users"), workspaces: of("workspaces") };
}
