import { MemoryError } from "@relevo/core";

/** The result of the work, which goes on by itself when its time is over. @throws `timeout` */
export async function within<Result>(ms: number, work: Promise<Result>, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new MemoryError("timeout", message, { outcome: "unknown" })), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
