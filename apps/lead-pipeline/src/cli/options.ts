import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  createTenantContext,
  type Feature,
  features,
  type TenantContext,
} from "../workflow/tenant-context.ts";
import { defaultFolder } from "./default-folder.ts";

export interface CliOptions {
  /** A path, or `-` for standard input; absent for piped input or else the sample. */
  readonly leads?: string;
  readonly json: boolean;
  readonly chains: string;
  /** Whether the traces of the leads that `chains` names are drawn. */
  readonly trace: boolean;
  /** Whether what the agents have learned over all runs is shown. */
  readonly report: boolean;
  /** The id of a finished workflow to show; then no leads are worked. */
  readonly show?: string;
  readonly concurrency: number;
  /** The folder of the memory; `false` for none, absent for what the environment or the default says. */
  readonly data?: string | false;
  readonly tenant: TenantContext;
}

/** What the command line asks for; or it was answered already, and only the exit code is left. */
export type ParsedCommand =
  | { readonly run: true; readonly options: CliOptions }
  | { readonly run: false; readonly exitCode: 0 | 2 };

export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

export function parseCommand(args: readonly string[], output: CommandOutput): ParsedCommand {
  const command = createCommand().configureOutput({ writeOut: output.out, writeErr: output.error });
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!isCommanderError(error)) throw error;
    return { run: false, exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  const values = command.opts<RawOptions>();
  const tenant = createTenantContext({
    tenantId: values.tenant,
    userId: values.user,
    isPremium: values.premium,
    featuresEnabled: values.features,
    apiLimits: values.callsPerHour === undefined ? {} : { callsPerHour: values.callsPerHour },
  });
  const { leads, json, chains, trace, report, show, concurrency } = values;
  // With --no-data commander makes true the default of --data.
  const data = values.data === true ? undefined : values.data;
  return {
    run: true,
    options: {
      ...(leads === undefined ? {} : { leads }),
      json,
      chains,
      trace,
      report,
      ...(show === undefined ? {} : { show }),
      concurrency,
      ...(data === undefined ? {} : { data }),
      tenant,
    },
  };
}

interface RawOptions {
  readonly leads?: string;
  readonly json: boolean;
  readonly chains: string;
  readonly trace: boolean;
  readonly report: boolean;
  readonly show?: string;
  readonly concurrency: number;
  readonly data: string | boolean;
  readonly tenant: string;
  readonly user: string;
  readonly premium: boolean;
  readonly features: readonly Feature[];
  readonly callsPerHour?: number;
}

function createCommand(): Command {
  return new Command("relevo-leads")
    .description("Four agents work a file of leads, hand over to each other, and remember.")
    .version(readVersion())
    .option(
      "-l, --leads <file>",
      "JSONL, JSON array or CSV; - for standard input (default: piped input, or the sample)",
    )
    .option("--json", "one JSON document on standard output, progress on standard error", false)
    .option("--chains <which>", "whose handoffs to draw: best, all, none, or a lead's id", "best")
    .option("--trace", "also draw their traces: agents, tools, handoffs and memory, with times", false)
    .option("--report", "also show what the agents have learned over all runs", false)
    .option("--show <workflow>", "show a finished workflow from the archive, and work no leads", name)
    .option(
      "-c, --concurrency <n>",
      "leads worked at once; above 1 repetitions may be missed",
      whole(1, 64),
      1,
    )
    .option(
      "-d, --data <dir>",
      `the folder that remembers, for one process at a time (default: ${defaultFolder})`,
      folder,
    )
    .option("--no-data", "remember nothing after this run")
    .option("-t, --tenant <id>", "the tenant whose memory and limits apply", name, "demo")
    .option("-u, --user <id>", "the owner of the sessions", name, "sales")
    .option("--premium", "premium tenant: high priority, earlier slots, longer context", false)
    .addOption(
      new Option("--features <list>", `what the tenant may use, by commas: ${features.join(", ")}; or none`)
        .argParser(featureList)
        .default(features, "all"),
    )
    .option(
      "--calls-per-hour <n>",
      "model and tool calls the tenant may make in an hour (default: no limit)",
      whole(0, 1e9),
    )
    .allowExcessArguments(false)
    .addHelpText("after", helpTail)
    .exitOverride();
}

const helpTail = `
Memory: --data DIR; or DATABASE_URL=postgres://… for a server; REDIS_URL=redis://… adds one for workflows
under way and what may go after a while, and keeps everything when no database or folder is named.

Model: RELEVO_MODEL=rules (default, needs no key), openai:NAME, anthropic:NAME or ollama:NAME.

Traces: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 sends them to a collector, one for each lead.

Exit code: 0 every row was worked; 1 some rows were bad or some leads failed or met the limit;
2 wrong usage or unreadable input; 130 interrupted (Ctrl-C finishes the lead under way, twice stops it).

Examples:
  npm start
  npm start -- --leads my-leads.csv --premium
  cat leads.jsonl | npm --silent start -- --json > result.json`;

function readVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  return version;
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

function folder(text: string): string {
  if (text.trim() === "" || text.includes("\0"))
    throw new InvalidArgumentError("It must be the path of a folder.");
  return text;
}

function name(text: string): string {
  if (text.trim() === "" || text.length > 200)
    throw new InvalidArgumentError("It must have 1 to 200 characters.");
  return text;
}

function featureList(text: string): readonly Feature[] {
  if (text.trim() === "none") return [];
  const wanted = text.split(",").map((part) => part.trim());
  const unknown = wanted.find((feature) => !features.includes(feature as Feature));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no feature "${unknown}". There are: ${features.join(", ")}.`);
  }
  return features.filter((feature) => wanted.includes(feature));
}

function isCommanderError(error: unknown): error is { readonly exitCode: number } {
  return error instanceof Error && "exitCode" in error && typeof error.exitCode === "number";
}
