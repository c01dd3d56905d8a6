import { MemoryError } from "@relevo/core";
import type { Rights, SchemaRights } from "./rights.ts";

/** The names that statements are about, as they are, without quotes. */
export interface RightsNames {
  readonly schema: string;
  readonly applicationRole: string;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const superuser = "a superuser";

/** Whoever may create a role and grant it: with CREATEROLE, such as the first role of a provider's server. */
const administrator = "a superuser or a role that administers roles";

/**
 * A refusal that says what has to be run, and by whom. `details.run` has the statements, for whoever prints them apart.
 */
function denied(what: string, who: string, run: readonly string[], after: string = ""): MemoryError {
  return new MemoryError("denied", `${what} As ${who}, run: ${run.join("; ")};${after}`, {
    details: { run: [...run] },
  });
}

export function mayNotCreateSchema({ role, database }: Rights, { schema }: RightsNames): MemoryError {
  return denied(
    `The role ${quoted(role)} may not create the schema ${quoted(schema)} in the database ${quoted(database)}.`,
    `the owner of the database or ${superuser}`,
    [`grant create on database ${quoted(database)} to ${quoted(role)}`],
  );
}

export function mayNotCreateTables(
  { role }: Rights,
  { schema }: RightsNames,
  { owner, trusted }: SchemaRights,
): MemoryError {
  const what = `The role ${quoted(role)} may not create tables in the schema ${quoted(schema)} of ${quoted(owner)}.`;
  // In somebody else's schema a migration would run what that role has put there.
  return trusted
    ? denied(what, superuser, [`grant usage, create on schema ${quoted(schema)} to ${quoted(role)}`])
    : denied(what, superuser, [`alter schema ${quoted(schema)} owner to ${quoted(role)}`]);
}

/** A superuser would run the functions of the schema, whose owner could make them do anything. */
export function mayNotTrust({ role }: Rights, { schema }: RightsNames, owner: string): MemoryError {
  return new MemoryError(
    "denied",
    `The schema ${quoted(schema)} belongs to ${quoted(owner)}, and whatever that role puts there would run with the rights ` +
      `of the superuser ${quoted(role)}. Connect as ${quoted(owner)}, or as a role that is a member of its application role.`,
    { details: { owner } },
  );
}

/** The schema needs a migration, and only the owner of its tables can change them. */
export function mayNotMigrate({ role }: Rights, { schema }: RightsNames, owner: string): MemoryError {
  return new MemoryError(
    "denied",
    `The schema ${quoted(schema)} needs a migration, and its tables belong to ${quoted(owner)}, not to ${quoted(role)}. ` +
      `Migrate it as ${quoted(owner)}: pnpm migrate ADDRESS, or migratePostgres().`,
    { details: { owner } },
  );
}

/** The schema is there, and the connected role has no right to read it. */
export function mayNotUse(rights: Rights, names: RightsNames, owner: string): MemoryError {
  const what = `The role ${quoted(rights.role)} may not use the schema ${quoted(names.schema)}, which belongs to ${quoted(owner)}.`;
  return denied(what, administrator, joining(rights, names), again(rights, owner));
}

/** Row-level security does not bind the connected role, and it cannot work as the one that it binds. */
export function mayNotAssume(rights: Rights, names: RightsNames, owner: string): MemoryError {
  const why = rights.bypasses
    ? `The role ${quoted(rights.role)} bypasses row-level security, and`
    : `The role ${quoted(rights.role)}`;
  const what = `${why} cannot work as ${quoted(names.applicationRole)}, which the database keeps to one tenant at a time.`;
  return denied(what, administrator, joining(rights, names), again(rights, owner));
}

/** Makes the application's role when it is missing, and the connected role a member that may work as it. */
function joining(
  { role, applicationRole, grantsWithOptions }: Rights,
  names: RightsNames,
): readonly string[] {
  const application = quoted(names.applicationRole);
  // From 16 on a plain grant changes nothing for who is a member already, but without these.
  const options = grantsWithOptions ? " with inherit true, set true" : "";
  return [
    ...(applicationRole === undefined ? [`create role ${application} nologin`] : []),
    `grant ${application} to ${quoted(role)}${options}`,
  ];
}

function again({ applicationRole }: Rights, owner: string): string {
  return applicationRole?.usesSchema === true
    ? ""
    : ` Then migrate again as ${quoted(owner)}, which grants that role the use of the schema.`;
}
