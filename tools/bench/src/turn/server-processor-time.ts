import { readFileSync } from "node:fs";

/**
 * Milliseconds of processor time that a server's process and its children have taken so far, by the scheduler's own
 * account; `undefined` where the system keeps none. Children that have ended are in it in steps of 10 ms, as
 * `/proc/PID/stat` has no finer ones.
 */
export function serverProcessorTime(pid: number): number | undefined {
  const own = timeOf(pid);
  if (own === undefined) return undefined;
  return childrenOf(pid).reduce((sum, child) => sum + (timeOf(child) ?? 0), own + endedChildrenOf(pid));
}

/** Linux counts them in hundredths of a second, whatever its own clock is. */
const tickMs = 10;

function endedChildrenOf(pid: number): number {
  const stat = readProcess(`${pid}/stat`) ?? "";
  // The name stands in parentheses and may hold anything. `cutime` and `cstime` are fields 16 and 17.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * tickMs;
}

function childrenOf(pid: number): readonly number[] {
  const text = readProcess(`${pid}/task/${pid}/children`)?.trim() ?? "";
  return text === "" ? [] : text.split(/\s+/u).map(Number);
}

function timeOf(pid: number): number | undefined {
  const nanoseconds = readProcess(`${pid}/schedstat`)?.split(" ")[0];
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;
}

/** `undefined` when the process has ended or the system has no such file. */
function readProcess(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
