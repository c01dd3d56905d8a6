import { type Clock, MemoryError, type MemoryErrorCode, printable } from "@relevo/core";
import { badAnswer, type VectorSpace } from "./check-vectors.ts";

/** Far above 32 vectors of the largest models as text; a server that goes on is stopped. In bytes. */
const maxBodyBytes = 64 * 1024 * 1024;

/** The vectors of an answer, in the order of the texts. */
export async function answerOf(response: Response, space: VectorSpace): Promise<unknown> {
  const text = await bodyOf(response);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    // Also a body that was cut off where the connection looks whole.
    throw new MemoryError("unavailable", "The embedding server's answer is no JSON.", { cause });
  }
  const data = fieldOf(answer, "data");
  if (!Array.isArray(data)) throw badAnswer(space, "form", "gave an answer without data.");
  const vectors: unknown[] = [];
  for (const [place, one] of data.entries()) {
    const index = fieldOf(one, "index") ?? place;
    if (typeof index !== "number" || !(index >= 0 && index < data.length) || vectors[index] !== undefined)
      throw badAnswer(space, "form", "gave an index twice, or one that no text has.");
    vectors[index] = fieldOf(one, "embedding");
  }
  return vectors;
}

/** What a status that is no success means, and how long the server asks to be left alone. */
export async function failureOf(
  response: Response,
  clock: Clock,
): Promise<{ readonly error: MemoryError; readonly pauseMs: number | undefined }> {
  const { status } = response;
  const said = await saidIn(response);
  const pauseMs = retryAfterMs(response.headers.get("retry-after"), clock);
  const code = said.code === "insufficient_quota" ? "denied" : codeOf(status);
  const wait = pauseMs === undefined ? {} : { retryAfterMs: pauseMs };
  const message = `The embedding server answered ${status}${said.text === "" ? "." : `: ${said.text}`}`;
  return { error: new MemoryError(code, message, { details: { status, ...wait } }), pauseMs };
}

/** There was no answer: no connection, or it broke. */
export function noAnswer(cause: unknown): never {
  throw new MemoryError("unavailable", "The embedding server could not be reached.", { cause });
}

function codeOf(status: number): MemoryErrorCode {
  if (status === 401 || status === 403) return "denied";
  if (status === 404) return "not-found";
  if (status === 413) return "too-large";
  return status === 408 || status === 425 || status === 429 || status >= 500
    ? "unavailable"
    : "invalid-input";
}

/** Seconds or a date, see RFC 9110, section 10.2.3. */
function retryAfterMs(header: string | null, clock: Clock): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - clock.now();
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined;
}

/** What the server says in its error, short: `{ error: { message, code } }`, `{ error }`, or a text. */
async function saidIn(response: Response): Promise<{ readonly text: string; readonly code: unknown }> {
  const body = await bodyOf(response).catch(() => "");
  let error: unknown = body;
  try {
    error = fieldOf(JSON.parse(body), "error") ?? body;
  } catch {
    // A proxy's page, or nothing.
  }
  const message = fieldOf(error, "message") ?? error;
  const text = typeof message === "string" ? printable(message.slice(0, 200)).trim() : "";
  return { text, code: fieldOf(error, "code") };
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    noAnswer(cause);
  }
  if (bytes > maxBodyBytes)
    throw new MemoryError("corrupt", `The embedding server's answer has more than ${maxBodyBytes} bytes.`, {
      details: { reason: "form" },
    });
  return Buffer.concat(chunks).toString("utf8");
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
