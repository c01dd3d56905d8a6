import type { CallOptions, PageOptions } from "../ports/common.ts";
import type { SessionGuard, SessionInit } from "../ports/event-log.ts";
import type { RecallQuery } from "../ports/recall.ts";
import { type FieldKinds, type FieldTable, fieldTable } from "./fields.ts";

/** The kinds of the options that many calls share. */
export const callKinds: FieldKinds<CallOptions> = { signal: "refines" };
export const pageKinds: FieldKinds<PageOptions> = { ...callKinds, limit: "refines", cursor: "refines" };
/** Of a search. */
export const recallKinds: FieldKinds<RecallQuery> = {
  ...callKinds,
  text: "selects",
  limit: "refines",
  in: "selects",
  sessions: "selects",
  agents: "selects",
  users: "selects",
  namespaces: "selects",
  where: "selects",
  since: "selects",
  until: "selects",
  now: "selects",
  asker: "selects",
  recency: "refines",
  importance: "refines",
  explain: "refines",
  neighbours: "refines",
};
export const guardKinds: FieldKinds<SessionGuard> = {
  ...callKinds,
  incarnation: "selects",
  fence: "selects",
  init: "refines",
};

export const callFields: FieldTable = fieldTable<CallOptions>(callKinds);
export const pageFields: FieldTable = fieldTable<PageOptions>(pageKinds);
export const guardFields: FieldTable = fieldTable<SessionGuard>(guardKinds);
export const initFields: FieldTable = fieldTable<SessionInit>({ subject: "selects", metadata: "refines" });
