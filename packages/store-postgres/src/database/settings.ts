import { MemoryError } from "@relevo/core";
import type { Rights, SessionSettings } from "./rights.ts";

/** @throws `unsupported` for a database that cannot hold every text. */
export function requireEncoding({ encoding }: Pick<SessionSettings, "encoding">): void {
  if (encoding === "UTF8") return;
  throw new MemoryError(
    "unsupported",
    `The encoding of the database is ${encoding}, which cannot hold every text. Use a database that was made with ` +
      "create database NAME encoding 'UTF8' template template0.",
    { details: { encoding } },
  );
}

/**
 * Settings of a role, a database or a connection that a statement cannot change for itself: `array_nulls` off turns a
 * missing value of an array into the text NULL, and `row_security` off makes the server refuse every query of a role
 * that the policies bind.
 *
 * @throws `unsupported` with the statement that ends it.
 */
export function requireSettings({ role, settings }: Rights, unbound: boolean): void {
  requireEncoding(settings);
  if (settings.arrayNulls !== "on") throw mustBeOn("array_nulls", role);
  if (settings.rowSecurity !== "on" && !unbound) throw mustBeOn("row_security", role);
}

function mustBeOn(setting: string, role: string): MemoryError {
  return new MemoryError(
    "unsupported",
    `The setting ${setting} is off for this connection, and the store needs it on. Remove it from the options of the connection, ` +
      `from the database, or from the role: alter role "${role.replaceAll('"', '""')}" reset ${setting};`,
    { details: { setting } },
  );
}
