import type { CallOptions, Document, FindOptions, SessionAddress, SessionHead } from "@relevo/core";
import {
  admitFields,
  admitId,
  admitOptions,
  compareUtf8,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { completeCopy } from "../archive/archive-mark.ts";
import { type FoundSession, wholeWorkflow } from "../archive/whole-workflow.ts";
import { aboutTag, isOnlyAbout, madeInTag } from "../entries/entry.ts";
import { userNamespace, workspaceNamespace } from "../namespaces.ts";
import { storesOf } from "../people/list-people.ts";
import { sessionsOfUser, withForks } from "../people/subject-sessions.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import {
  ChecksumChain,
  type ExportCounts,
  type ExportHeader,
  type ExportLine,
  type ExportSelector,
  headerLine,
} from "./export-format.ts";
import { documentLines, sessionLines } from "./export-lines.ts";
import { isPassing, learnedPlaces } from "./scope.ts";

export interface ExportProgressOptions extends CallOptions {
  /** Told after each session, and about every thousand lines, how much has been passed. */
  readonly onProgress?: ((counts: ExportCounts) => void) | undefined;
}

const selectorFields: FieldTable = fieldTable<ExportSelector>({
  user: "selects",
  session: "selects",
  workspace: "selects",
});
export const progressFields: FieldTable = fieldTable<ExportProgressOptions>({
  signal: "refines",
  onProgress: "refines",
});

const linesBetweenReports = 1000;
const sessionsAtOnce = 50;

/** What `tenant.export` promises. Refuses bad input at once and not when the first line is read. */
export function exportData(
  runtime: Runtime,
  tenant: string,
  givenSelector: ExportSelector,
  givenOptions: ExportProgressOptions | undefined,
): AsyncGenerator<string, void, void> {
  const selector = admitExportSelector(runtime, givenSelector);
  const options = admitOptions(givenOptions, progressFields);
  requireCallback(options.onProgress);
  return textOf(runtime, { tenant, ...selector }, options);
}

function admitExportSelector(runtime: Runtime, given: ExportSelector): Omit<ExportHeader, "tenant"> {
  const selector = admitFields<{ readonly [Name in "user" | "session" | "workspace"]?: string }>(
    given,
    "selector",
    selectorFields,
  );
  const [name, ...others] = (["user", "session", "workspace"] as const).filter((one) => one in selector);
  if (others.length > 0)
    throw refuse("selector", "must name a user, a session or a workspace, or nothing for all of the tenant.");
  return name === undefined ? {} : { [name]: admitId(selector[name], `selector.${name}`, runtime.limits) };
}

export function requireCallback(onProgress: unknown): void {
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw refuse("options.onProgress", "must be a function.");
}

async function* textOf(
  runtime: Runtime,
  header: ExportHeader,
  { onProgress, signal }: ExportProgressOptions,
): AsyncGenerator<string, void, void> {
  runtime.requireOpen();
  throwIfAborted(signal);
  const chain = new ChecksumChain();
  yield chain.write(headerLine(header));
  const counts = { sessions: 0, events: 0, operations: 0, documents: 0 };
  let lines = 0;
  for await (const line of linesOf(runtime, header, { signal })) {
    countLine(counts, line);
    yield chain.write(line);
    if (++lines % linesBetweenReports === 0 || line.kind === "session") onProgress?.({ ...counts });
  }
  yield chain.write({ kind: "end", counts });
  onProgress?.({ ...counts });
}

/** Lines of other kinds count nothing. */
export function countLine(
  counts: { -readonly [Name in keyof ExportCounts]: number },
  { kind }: ExportLine,
): void {
  if (kind === "session") counts.sessions++;
  else if (kind === "event") counts.events++;
  else if (kind === "operation") counts.operations++;
  else if (kind === "document") counts.documents++;
}

async function* linesOf(
  runtime: Runtime,
  { tenant, ...selector }: ExportHeader,
  options: CallOptions,
): AsyncGenerator<ExportLine, void, void> {
  const { user, session, workspace } = selector;
  const workflow = session === undefined ? [] : await workflowOf(runtime, { tenant, session }, options);
  const learned = new Set<string>();
  for (const store of storesOf(runtime)) {
    const documents = (filter: FindOptions): AsyncIterable<ExportLine> =>
      documentLines(store, tenant, filter, tierOf(runtime, store), options);
    if (workspace !== undefined) {
      yield* documents({ namespacePrefix: workspaceNamespace(workspace) });
      continue;
    }
    for (const { session: id, incarnation } of workflow) {
      const head = await store.log.head({ tenant, session: id }, options);
      if (head?.incarnation === incarnation && (await isSession(runtime, store, tenant, head, options)))
        yield* sessionLines(store, tenant, id, options);
    }
    if (session !== undefined) continue;
    for await (const heads of sessionsIn(store, tenant, user, options)) {
      const all = user === undefined ? heads : withForks(store, tenant, heads, options);
      for await (const head of all) {
        // A fork that was given to another person has her words too; his are in the session that it was made from.
        if (user !== undefined && head.subject !== user) continue;
        if (!(await isSession(runtime, store, tenant, head, options))) continue;
        yield* sessionLines(store, tenant, head.session, options);
        const tag = madeInTag(head.session);
        if (user !== undefined) yield* learnedLines(runtime, { tenant, user, tag, learned }, options);
      }
    }
    if (user !== undefined) {
      yield* documents({ namespacePrefix: userNamespace(user) });
      // Of sessions that are gone.
      yield* learnedLines(runtime, { tenant, user, tag: aboutTag(user), learned }, options);
    } else {
      for await (const line of documents({})) if (!isPassing(line)) yield line;
    }
  }
}

/** What agents have learned, once each, unless it may speak of other people too. */
async function* learnedLines(
  runtime: Runtime,
  of: {
    readonly tenant: string;
    readonly user: string;
    readonly tag: string;
    /** What was exported already: a memory may come from several sessions. */
    readonly learned: Set<string>;
  },
  options: CallOptions,
): AsyncGenerator<ExportLine, void, void> {
  const { tenant, user, tag, learned } = of;
  for (const store of new Set([runtime.durable, runtime.volatile])) {
    const only = (document: Document): boolean => {
      const place = JSON.stringify([store === runtime.durable, document.namespace, document.key]);
      if (learned.has(place) || !isOnlyAbout(document, user)) return false;
      learned.add(place);
      return true;
    };
    for (const namespacePrefix of learnedPlaces)
      yield* documentLines(store, tenant, { namespacePrefix, tags: { any: [tag] } }, tierOf(runtime, store), {
        ...options,
        only,
      });
  }
}

/** The session and what was forked from it, wherever each is, by id: the same order in every arrangement of stores. */
async function workflowOf(
  runtime: Runtime,
  address: SessionAddress,
  options: CallOptions,
): Promise<readonly FoundSession[]> {
  const { sessions, archive } = runtime;
  const root = (await sessions.log.head(address, options)) ?? (await archive?.log.head(address, options));
  if (root === undefined) return [];
  const all = await wholeWorkflow(runtime, address, root, options);
  return all.toSorted((left, right) => compareUtf8(left.session, right.session));
}

async function* sessionsIn(
  store: MemoryStore,
  tenant: string,
  user: string | undefined,
  options: CallOptions,
): AsyncGenerator<readonly SessionHead[], void, void> {
  if (user !== undefined) {
    yield* sessionsOfUser(store, tenant, user, options);
    return;
  }
  let cursor: string | undefined;
  do {
    const page = await store.log.list(tenant, { limit: sessionsAtOnce, cursor, ...options });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function tierOf(runtime: Runtime, store: MemoryStore): { readonly tier?: "volatile" } {
  return store === runtime.volatile && store !== runtime.durable ? { tier: "volatile" } : {};
}

/** Not a copy that is being made in the archive, or a remnant of one. */
async function isSession(
  runtime: Runtime,
  store: MemoryStore,
  tenant: string,
  { session, incarnation }: SessionHead,
  options: CallOptions,
): Promise<boolean> {
  if (store === runtime.sessions || store !== runtime.archive) return true;
  const address = { tenant, session };
  if ((await completeCopy(store, address, options)) !== incarnation) return false;
  return (await runtime.sessions.log.head(address, options))?.incarnation !== incarnation;
}
