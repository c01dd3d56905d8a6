import { hash } from "node:crypto";
import { canonicalJson, type JsonObject, MemoryError } from "@relevo/core";

/** Moves with each change that a reader of exports has to know of. A reader takes this version and every older one. */
const version = 1;

/** What an export holds. */
export type ExportSelector =
  | { readonly user?: never; readonly session?: never; readonly workspace?: never }
  | { readonly user: string }
  | { readonly session: string }
  /** A workspace, with its grants. */
  | { readonly workspace: string };

/** How many there are of each. */
export interface ExportCounts {
  readonly sessions: number;
  readonly events: number;
  readonly operations: number;
  readonly documents: number;
}

/** The first line. It has no time, so that the same data make the same text. */
export interface ExportHeader {
  readonly tenant: string;
  readonly user?: string;
  readonly session?: string;
  readonly workspace?: string;
}

/** One line: a JSON object whose last field is a checksum over it and all lines before. */
export type ExportLine = { readonly kind: string } & { readonly [name: string]: unknown };

export function headerLine(header: ExportHeader): ExportLine {
  return { kind: "relevo-export", version, ...header };
}

/** Half of SHA-256: enough against accidents and too long to be made to fit. */
const sumLength = 22;
const sumPattern = /,"sum":"([\w-]{22})"\}$/u;

/**
 * Each checksum covers the one before, so that a line that was changed, moved, left out or added is found at its place,
 * before anything is made of it. It is no signature: who can change the text can compute it again.
 */
export class ChecksumChain {
  #before = "";

  /** The line as text, ended by a line feed: `kind` first, other fields in one order, whatever store they come from. */
  write({ kind, ...fields }: ExportLine): string {
    const body = `{"kind":${JSON.stringify(kind)},${canonicalJson(fields).slice(1, -1)}`;
    return `${body},"sum":"${this.#next(body)}"}\n`;
  }

  /** @throws `corrupt` for a line that is not as it was written, or not in its place. */
  read(text: string, place: number): ExportLine {
    const found = sumPattern.exec(text);
    const body = found === null ? "" : text.slice(0, found.index);
    if (found === null || this.#next(body) !== found[1])
      throw damaged(place, "was changed, moved, or is not whole");
    let line: Partial<ExportLine>;
    try {
      line = JSON.parse(`${body}}`) as Partial<ExportLine>;
    } catch {
      // Anybody can compute a checksum.
      throw damaged(place, "is not JSON");
    }
    if (typeof line.kind !== "string") throw damaged(place, "does not say what it is");
    return line as ExportLine;
  }

  #next(body: string): string {
    this.#before = hash("sha256", `${this.#before}${body}`, "base64url").slice(0, sumLength);
    return this.#before;
  }
}

/** @throws `corrupt` for another text; `unsupported` for a later format. */
export function readHeader(line: ExportLine): ExportHeader {
  const { kind, version: found, tenant, user, session, workspace } = line;
  if (kind !== "relevo-export" || typeof found !== "number" || typeof tenant !== "string")
    throw damaged(1, "is no header of an export");
  return {
    tenant,
    ...(typeof user === "string" ? { user } : {}),
    ...(typeof session === "string" ? { session } : {}),
    ...(typeof workspace === "string" ? { workspace } : {}),
  };
}

/**
 * Whether a later version wrote it, which is found out before the checksum: that may be made otherwise then.
 *
 * @throws `unsupported`.
 */
export function refuseLaterVersion(text: string): void {
  const found = /^\{"kind":"relevo-export",.*?"version":(\d{1,9})[,}]/u.exec(text)?.[1];
  if (found !== undefined && Number(found) > version)
    throw new MemoryError(
      "unsupported",
      `The export has version ${found} of the format; this version of @relevo/memory reads up to ${version}. Update it.`,
      { details: { version: Number(found), supported: version } },
    );
}

export function damaged(line: number, what: string, details: JsonObject = {}): MemoryError {
  return new MemoryError(
    "corrupt",
    `Line ${line} of the export ${what}. Nothing of that line was imported.`,
    {
      details: { line, ...details },
    },
  );
}
