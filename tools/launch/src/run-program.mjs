import { spawn } from "node:child_process";
import { constants } from "node:os";

/** @type {readonly NodeJS.Signals[]} */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program in place of this one: its arguments, standard streams, signals and exit code pass through.
 *
 * @param {string} command
 * @param {readonly string[]} commandArguments
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} The exit code, 128 and the signal's number when a signal ended the program.
 */
export function runProgram(command, commandArguments, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, { cwd, env, stdio: "inherit" });
    /** @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      // A terminal sends its interrupt to the whole group: the program has it already.
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of passedOn) process.on(signal, passOn);
    const finish = () => {
      for (const signal of passedOn) process.off(signal, passOn);
    };
    child.on("error", (error) => {
      finish();
      reject(error);
    });
    child.on("close", (code, signal) => {
      finish();
      resolve(signal === null ? (code ?? 1) : 128 + signalNumber(signal));
    });
  });
}

/** @param {NodeJS.Signals} signal */
function signalNumber(signal) {
  return constants.signals[signal];
}
