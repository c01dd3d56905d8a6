import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** Names one process for good: a process id alone is given again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as its system says; `null` where the system does not say. */
  readonly startedAt: string | null;
  readonly host: string;
  /**
   * Where the process id means something: host, boot and, in containers, the namespace of process ids. Two containers
   * may both have a process 1 on a host of the same name.
   */
  readonly place: string;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const host = hostname();
  const [boot, namespace] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => ""),
    readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  const startedAt = await startOf(process.pid);
  return {
    pid: process.pid,
    startedAt: typeof startedAt === "string" ? startedAt : null,
    host,
    place: [host, boot.trim(), namespace].join(" "),
  };
}

/** Whether it still runs; `undefined` when that cannot be seen from here, such as from another host. */
export async function isRunning(
  { pid, startedAt, place }: ProcessIdentity,
  here: ProcessIdentity,
): Promise<boolean | undefined> {
  if (place !== here.place) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const start = await startOf(pid);
  if (start === "gone") return false;
  // A process that the system hides from us may be any.
  return start === undefined || startedAt === null || start === startedAt;
}

/** The start of a process; `gone` when there is none but its exit code, `undefined` when the system does not say. */
async function startOf(pid: number): Promise<string | "gone" | undefined> {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    // The name of the program comes second, between brackets, and may hold brackets and blanks itself.
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields?.[0] === "Z" || fields?.[0] === "X") return "gone";
    return fields?.[19];
  }
  if (process.platform === "win32") return undefined;
  return await new Promise((resolve) => {
    execFile("ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } }, (error, stdout) => {
      resolve(error === null && stdout.trim() !== "" ? stdout.trim() : undefined);
    });
  });
}
