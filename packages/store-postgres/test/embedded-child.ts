import { MemoryError } from "@relevo/core";
import { lockFolder } from "../src/embedded/folder-lock.ts";
import { openEmbedded } from "../src/index.ts";

/**
 * A process of its own: takes a folder when it is told to, says how that went, and keeps it until it is told to give
 * it back or dies.
 */
export type ChildReport =
  | { readonly kind: "ready" }
  | { readonly kind: "has" }
  | { readonly kind: "gave" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string };

const [what, folder = ""] = process.argv.slice(2);

function report(message: ChildReport): void {
  process.send?.(message);
}

let giveBack: () => Promise<void> = async () => undefined;

async function take(): Promise<void> {
  try {
    if (what === "lock") {
      const lock = await lockFolder(folder, { onLost: console.error });
      giveBack = async () => lock.release();
    } else {
      const store = await openEmbedded(folder);
      giveBack = () => store.close();
    }
    report({ kind: "has" });
  } catch (error) {
    if (!MemoryError.isInstance(error)) throw error;
    report({ kind: "refused", code: error.code, message: error.message });
  }
}

process.on("message", (command) => {
  if (command === "take") void take();
  else void giveBack().then(() => report({ kind: "gave" }));
});
// Whoever started it is gone: nobody would ever end it.
process.on("disconnect", () => process.exit());
// Root may write everywhere. Not from the start, because nobody may not read what is below a folder of root's.
if (process.env.RELEVO_TEST_DROP === "1" && process.getuid?.() === 0) {
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
report({ kind: "ready" });
