import {
  admitFields,
  admitTenant,
  type FieldTable,
  fieldTable,
  readInput,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { countLine, type ExportProgressOptions, requireCallback } from "./export-data.ts";
import {
  ChecksumChain,
  damaged,
  type ExportCounts,
  type ExportHeader,
  type ExportLine,
  readHeader,
  refuseLaterVersion,
} from "./export-format.ts";
import { Importer } from "./importer.ts";
import { isInScope } from "./scope.ts";
import { splitLines, type TextSource } from "./split-lines.ts";

export interface ImportOptions extends ExportProgressOptions {
  /** The tenant that the export is of, when that is another one: data crosses tenants only where somebody says so. */
  readonly from?: string;
  /** Reads and checks the whole text, and writes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What an import read, and what it did with it. */
export interface ImportReport {
  readonly dryRun: boolean;
  readonly of: ExportHeader;
  /** What the export holds. */
  readonly read: ExportCounts;
  /** Documents that were here just so, and those that had expired. */
  readonly unchanged: number;
  readonly expired: number;
}

const importFields: FieldTable = fieldTable<ImportOptions>({
  signal: "refines",
  onProgress: "refines",
  from: "selects",
  dryRun: "refines",
});

const linesBetweenReports = 1000;

/** Line ends and the names of fields, beside the largest value. */
const lineOverhead = 1024 * 1024;

/** What `tenant.import` promises. */
export async function importData(
  runtime: Runtime,
  tenant: string,
  source: TextSource,
  given: ImportOptions | undefined,
): Promise<ImportReport> {
  const options = given === undefined ? {} : admitFields(given, "options", importFields);
  const { onProgress, dryRun = false, signal } = options;
  requireCallback(onProgress);
  if (typeof dryRun !== "boolean") throw refuse("options.dryRun", "must be true or false.");
  const from = "from" in options ? admitTenant(options.from, runtime.limits) : tenant;
  const pieces = typeof source === "string" ? [source] : source;
  const isSource = readInput(
    "source",
    () =>
      typeof pieces === "object" &&
      pieces !== null &&
      (Symbol.asyncIterator in pieces || Symbol.iterator in pieces),
  );
  if (!isSource)
    throw refuse("source", "must be an iterable of strings or bytes, such as the stream of a file.");
  runtime.requireOpen();
  throwIfAborted(signal);

  const read = { sessions: 0, events: 0, operations: 0, documents: 0 };
  const lines = checkedLines(pieces, runtime.limits.batchBytes + lineOverhead);
  const first = await lines.next();
  const of = readHeader(first.done ? { kind: "nothing" } : first.value.line);
  if (of.tenant !== from)
    throw refuse("source", 'is an export of another tenant. Say so with { from: "…" } when that is meant.', {
      tenant: of.tenant,
    });
  const importer = dryRun
    ? undefined
    : new Importer(runtime, tenant, { introduces: of.session !== undefined, signal });
  await importer?.begin(of.user);
  let place = 1;
  for await (const { line, units } of lines) {
    place++;
    throwIfAborted(signal);
    if (!isInScope(of, line)) throw damaged(place, "is not of what the export says it is of");
    countLine(read, line);
    if (line.kind === "end") requireCounts(line, read, place);
    await importer?.take(line, { place, units });
    if (place % linesBetweenReports === 0 || line.kind === "session") onProgress?.({ ...read });
  }
  await importer?.finish();
  onProgress?.({ ...read });
  return { dryRun, of, read, unchanged: importer?.unchanged ?? 0, expired: importer?.expired ?? 0 };
}

/**
 * Every line once it is known to be as it was written, up to the last one.
 *
 * @throws `corrupt` when a line is not, when there is none, or when the last one is missing; `unsupported`.
 */
async function* checkedLines(
  source: TextSource,
  maxLength: number,
): AsyncGenerator<{ readonly line: ExportLine; readonly units: number }, void, void> {
  const chain = new ChecksumChain();
  let place = 0;
  let ended = false;
  for await (const text of splitLines(source, maxLength)) {
    place++;
    if (ended) throw damaged(place, "comes behind the end");
    if (place === 1) refuseLaterVersion(text);
    const line = chain.read(text, place);
    ended = line.kind === "end";
    yield { line, units: text.length };
  }
  if (!ended) throw damaged(place + 1, "is missing: the text was cut", { cut: true });
}

function requireCounts({ counts }: ExportLine, read: ExportCounts, place: number): void {
  const names = Object.keys(read) as (keyof ExportCounts)[];
  const said = (counts ?? {}) as Partial<ExportCounts>;
  if (names.some((name) => said[name] !== read[name]))
    throw damaged(place, "counts other lines than there are");
}
