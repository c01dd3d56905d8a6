import type { Durability } from "@relevo/core";

/** What the server says of itself. */
export interface DurabilityRow {
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly version: string;
  /** False when only a role with more rights may see the folder, or there is none. */
  readonly embedded: boolean;
}

export const durabilityText = `select current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as synchronous_commit,
  current_setting('full_page_writes') as full_page_writes, current_setting('server_version') as version,
  version() ~* 'emscripten|wasm' as embedded`;

/**
 * What an acknowledged write survives, as the settings stand now.
 *
 * @see https://www.postgresql.org/docs/current/wal-async-commit.html
 */
export function durabilityOf(row: DurabilityRow, inMemory: boolean): Durability {
  const name = `PostgreSQL ${row.version}`;
  if (inMemory) {
    return {
      survives: "nothing",
      detail: `${name} in the memory of this process (PGlite without a folder).`,
    };
  }
  if (row.embedded) {
    return {
      survives: "process-crash",
      detail: `${name} in this process (PGlite): its files are written at each commit, but not forced to the disk.`,
    };
  }
  const damage = row.fsync === "off" ? " fsync=off: a crash of the machine may damage the database." : "";
  if (row.synchronous_commit === "off") {
    return {
      survives: "all-but-seconds",
      detail: `${name} with synchronous_commit=off: a crash of the server, not only of the machine, may lose about the last second.${damage}`,
    };
  }
  if (row.fsync === "off") {
    return {
      survives: "process-crash",
      detail: `${name} with fsync=off: a crash of the machine may lose writes, and damage the database.`,
    };
  }
  const torn = row.full_page_writes === "off" ? " full_page_writes=off: pages may be torn." : "";
  return {
    survives: "machine-crash",
    detail: `${name} with fsync=on and synchronous_commit=${row.synchronous_commit}.${torn}`,
  };
}
