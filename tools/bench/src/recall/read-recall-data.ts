import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** One line of `N.messages.jsonl`. */
export interface RecallMessage {
  readonly id: string;
  readonly session: string;
  readonly speaker: string;
  /** When it was said, as ISO 8601; UTC without an offset. */
  readonly at: string;
  readonly text: string;
}

/** One line of `N.questions.jsonl`. */
export interface RecallQuestion {
  readonly id: string;
  readonly question: string;
  readonly category: string;
  /** The ids of the messages that answer it. */
  readonly evidence: readonly string[];
}

export interface RecallConversation {
  readonly name: string;
  readonly messages: readonly RecallMessage[];
  readonly questions: readonly RecallQuestion[];
}

const messagesEnd = ".messages.jsonl";

/**
 * The conversations of a folder, by name.
 *
 * @throws `TypeError` that names what is missing, or the file and line that is not as it should be.
 */
export async function readRecallData(folder: string): Promise<readonly RecallConversation[]> {
  const files = await readdir(folder).catch(() => {
    throw new TypeError(`--data has to name a folder; ${folder} cannot be read.`);
  });
  const names = files
    .filter((file) => file.endsWith(messagesEnd))
    .map((file) => file.slice(0, -messagesEnd.length));
  if (names.length === 0) throw new TypeError(`${folder} has no file that ends in ${messagesEnd}.`);
  return await Promise.all(
    names.sort().map(async (name) => ({
      name,
      messages: await readLines(join(folder, `${name}${messagesEnd}`), admitMessage),
      questions: await readLines(join(folder, `${name}.questions.jsonl`), admitQuestion),
    })),
  );
}

type Line = { readonly [name: string]: unknown };

async function readLines<Row>(file: string, admit: (line: Line) => Row | undefined): Promise<readonly Row[]> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new TypeError(`${file} cannot be read.`);
  });
  const rows: Row[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const row = admit(parsed(line));
    if (row === undefined) throw new TypeError(`${file}, line ${index + 1}, is not as it should be.`);
    rows.push(row);
  }
  return rows;
}

function parsed(line: string): Line {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Line) : {};
  } catch {
    return {};
  }
}

function admitMessage({ id, session, speaker, at, text }: Line): RecallMessage | undefined {
  if (![id, session, speaker, at, text].every((field) => typeof field === "string")) return undefined;
  return { id, session, speaker, at, text } as RecallMessage;
}

function admitQuestion({ id, question, category, evidence }: Line): RecallQuestion | undefined {
  if (![id, question, category].every((field) => typeof field === "string")) return undefined;
  if (!Array.isArray(evidence) || !evidence.every((one) => typeof one === "string")) return undefined;
  return evidence.length === 0 ? undefined : ({ id, question, category, evidence } as RecallQuestion);
}
