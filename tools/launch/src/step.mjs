import { spawn } from "node:child_process";

/** A step that did not succeed, with what its command printed. */
export class StepError extends Error {
  /**
   * @param {string} message
   * @param {string} output
   * @param {number} exitCode
   */
  constructor(message, output, exitCode) {
    super(message);
    this.name = "StepError";
    this.output = output;
    this.exitCode = exitCode;
  }
}

/**
 * @typedef {object} StepOptions
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env
 * @property {(line: string) => void} report Takes the lines of progress.
 * @property {number} [heartbeatMs] How often a long step says that it is still there; 10 seconds.
 */

/**
 * Runs a command as one step: a line of progress when it begins and when it is done, its output only when it fails. It gets no
 * standard input, which belongs to the program that is started in the end.
 *
 * @param {string} title
 * @param {string} command
 * @param {readonly string[]} commandArguments
 * @param {StepOptions} options
 * @returns {Promise<string>} What the command printed.
 * @throws {StepError}
 */
export async function runStep(title, command, commandArguments, options) {
  const started = performance.now();
  options.report(`  … ${title}`);
  const heartbeat = setInterval(
    () => options.report(`  … ${title}, ${seconds(started)}`),
    options.heartbeatMs ?? 10_000,
  );
  try {
    const { code, output } = await collect(command, commandArguments, options);
    if (code !== 0) {
      options.report(`  ✖ ${title}  ${seconds(started)}`);
      throw new StepError(`${title} failed: ${[command, ...commandArguments].join(" ")}`, output, code);
    }
    options.report(`  ✔ ${title}  ${seconds(started)}`);
    return output;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} commandArguments
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
function collect(command, commandArguments, { cwd, env }) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArguments, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let output = "";
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** @param {number} started */
function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
