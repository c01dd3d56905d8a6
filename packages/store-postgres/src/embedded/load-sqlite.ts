import { MemoryError } from "@relevo/core";

type Sqlite = typeof import("node:sqlite");

/**
 * The SQLite of Node.js, without the warning that it is experimental, which Node.js 22 prints when it is first loaded:
 * a lock on a file is all that is used of it, and whoever opens a folder has not chosen it.
 *
 * @throws `unsupported` when this runtime has none.
 */
export function loadSqlite(): Sqlite {
  const found = withoutExperimentalWarnings((): Sqlite | undefined =>
    process.getBuiltinModule("node:sqlite"),
  );
  if (found !== undefined) return found;
  throw new MemoryError(
    "unsupported",
    "The embedded database needs node:sqlite, which Node.js has from 22.13 on.",
  );
}

/** Runs synchronous work; what other warnings it gives are passed on. */
export function withoutExperimentalWarnings<Result>(work: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    const [first] = rest;
    const type = typeof first === "object" && first !== null && "type" in first ? first.type : first;
    if (type !== "ExperimentalWarning") Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
