import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { acquireLock } from "./lock.mjs";
import { StepError } from "./step.mjs";

/**
 * Installs what is missing under a lock, then runs what was asked for. Progress goes to standard error, so that
 * standard output is the program's alone. Sets the exit code.
 *
 * @param {object} job
 * @param {string} job.root
 * @param {import("./install.mjs").Scope} job.scope What has to be installed.
 * @param {boolean} [job.exclusive] Whether the program runs under the lock too.
 * @param {() => Promise<number>} job.program
 * @returns {Promise<void>}
 */
export async function launch({ root, scope, exclusive = false, program }) {
  /** @type {(() => void) | undefined} */
  let release;
  try {
    release = await acquireLock(join(root, ".relevo", "launch.lock"), {
      onWait: () => progress("  … waiting for another launch in this folder to finish"),
    });
    await ensureInstalled(root, scope, progress);
    if (!exclusive) release();
    process.exitCode = await program();
  } catch (error) {
    process.exitCode = explain(error);
  } finally {
    release?.();
  }
}

/**
 * One line of progress.
 *
 * @param {string} line
 * @returns {void}
 */
export function progress(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {unknown} error */
function explain(error) {
  if (!(error instanceof StepError)) {
    progress(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
  progress(error.output.trimEnd());
  progress(`\n${error.message} (exit code ${error.exitCode})`);
  return error.exitCode;
}
