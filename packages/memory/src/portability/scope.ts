import { namespaces, userNamespace, workspaceNamespace } from "../namespaces.ts";
import { originName } from "../session/fork-origin.ts";
import type { ExportHeader, ExportLine } from "./export-format.ts";

/** What only the stores that it is in can use: erasures under way, marks of moves, records of what was removed, counts. */
const passing: readonly (readonly string[])[] = [
  namespaces.erasing,
  namespaces.erasures,
  namespaces.archive,
  namespaces.retentions,
  namespaces.stats,
];

/** What agents may have learned from a person. */
export const learnedPlaces: readonly (readonly string[])[] = [
  namespaces.agents,
  namespaces.outcomes,
  namespaces.workspaces,
];

function isBelow(prefix: readonly string[], namespace: readonly unknown[]): boolean {
  return prefix.every((element, index) => namespace[index] === element);
}

/** Whether no export has it. */
export function isPassing({ namespace }: ExportLine): boolean {
  return Array.isArray(namespace) && passing.some((prefix) => isBelow(prefix, namespace));
}

/**
 * Whether an export of this header may have the line. An attacker who changes a text can compute its checksums again: the file of one
 * person must not write about another one, nor a file of any kind what this package works by.
 */
export function isInScope({ user, session, workspace }: ExportHeader, line: ExportLine): boolean {
  const { kind, session: ofSession, incarnation, subject, metadata, namespace } = line;
  if (kind === "session") {
    if (typeof ofSession !== "string" || typeof incarnation !== "string") return false;
    if (user !== undefined) return subject === user;
    if (session !== undefined) return ofSession === session || Object.hasOwn(Object(metadata), originName);
    return workspace === undefined;
  }
  if (kind !== "document") return true;
  if (!Array.isArray(namespace) || isPassing(line)) return false;
  // What is of a session comes behind the line of the session.
  if (ofSession !== undefined) return true;
  if (user !== undefined)
    return [userNamespace(user), ...learnedPlaces].some((prefix) => isBelow(prefix, namespace));
  if (workspace !== undefined) return isBelow(workspaceNamespace(workspace), namespace);
  return session === undefined;
}
