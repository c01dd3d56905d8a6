import { fstatSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type LeadFile, readLeadFile, readLeadStream } from "../input/read-leads.ts";

/** The leads that come with the application. */
export const samplePath: string = fileURLToPath(new URL("../../leads/sample.jsonl", import.meta.url));

/** Who starts a program with a pipe that nobody writes to or closes should see the sample, not a program that hangs. */
const patienceMs = 2000;

/** The part of `process.stdin` that is used. */
export interface InputStream extends AsyncIterable<Uint8Array | string> {
  readonly fd?: number;
  readonly readableLength: number;
  once(event: "readable" | "end", listener: () => void): unknown;
  off(event: "readable" | "end", listener: () => void): unknown;
  destroy(): unknown;
}

/**
 * Reads the file that was named, standard input for `-`, otherwise what is piped in, otherwise the sample.
 *
 * @throws `InputError` as `readLeadFile`.
 */
export async function chooseInput(
  leads: string | undefined,
  stdin: InputStream,
  notice: (text: string) => void,
): Promise<LeadFile> {
  if (leads === "-") return await readLeadStream(stdin);
  if (leads !== undefined) return await readLeadFile(leads);
  const kind = kindOfInput(stdin.fd);
  if (kind === "file") return await readLeadStream(stdin);
  if (kind === "pipe") {
    if (await hasData(stdin)) return await readLeadStream(stdin);
    stdin.destroy();
    notice(
      "Nothing came on standard input, so these are the included sample leads (--leads - waits for input).",
    );
  }
  return { ...(await readLeadFile(samplePath)), source: "the included sample" };
}

function kindOfInput(fd: number | undefined): "file" | "pipe" | "terminal" {
  if (fd === undefined) return "terminal";
  try {
    const stats = fstatSync(fd);
    if (stats.isFile()) return "file";
    return stats.isFIFO() || stats.isSocket() ? "pipe" : "terminal";
  } catch (error) {
    // A closed standard input, as some service managers give, is no input.
    if (error instanceof Error && "code" in error && error.code === "EBADF") return "terminal";
    throw error;
  }
}

/** True when a byte comes, false when the stream ends or stays silent. */
async function hasData(stdin: InputStream): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const decide = (): void => {
      clearTimeout(timer);
      stdin.off("readable", decide);
      stdin.off("end", decide);
      resolve(stdin.readableLength > 0);
    };
    const timer = setTimeout(decide, patienceMs);
    stdin.once("readable", decide);
    stdin.once("end", decide);
  });
}
