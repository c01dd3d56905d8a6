import type { BaseChatModel } from "@langchain/core/language_models/chat_models";

/** The model that is behind all four agents. */
export interface ChosenModel {
  /** `rules`, or the string that chose it. */
  readonly name: string;
  readonly model: BaseChatModel;
}

/** The setting that chooses a model cannot be used; the message says what can. */
export class ModelChoiceError extends Error {
  override readonly name: string = "ModelChoiceError";
}

export interface Environment {
  readonly [name: string]: string | undefined;
}

/**
 * The model that `RELEVO_MODEL` names: `rules` (also when unset or empty), `openai:NAME`, `anthropic:NAME` or
 * `ollama:NAME`. Keys and addresses come from the variables that each provider's users know; each call may take
 * `RELEVO_MODEL_TIMEOUT_MS` (60,000) and is tried again `RELEVO_MODEL_RETRIES` times (2). Nothing is called here.
 *
 * @throws `ModelChoiceError` for another string, a missing key, or a setting that is no number.
 */
export async function chooseModel(environment: Environment): Promise<ChosenModel> {
  const choice = environment.RELEVO_MODEL?.trim() ?? "";
  if (choice === "" || choice === "rules") {
    const { createRuleModel } = await import("./rule-model.ts");
    return { name: "rules", model: createRuleModel() };
  }
  const colon = choice.indexOf(":");
  const provider = choice.slice(0, Math.max(colon, 0));
  const name = choice.slice(colon + 1).trim();
  const load = Object.hasOwn(providers, provider) ? providers[provider as keyof typeof providers] : undefined;
  if (load === undefined || name === "") {
    throw new ModelChoiceError(
      `RELEVO_MODEL is "${choice}". It must be rules, openai:NAME, anthropic:NAME or ollama:NAME, such as openai:gpt-4.1-mini.`,
    );
  }
  const timeoutMs = readCount(environment, "RELEVO_MODEL_TIMEOUT_MS", 60_000, 1);
  const maxRetries = readCount(environment, "RELEVO_MODEL_RETRIES", 2, 0);
  return { name: choice, model: await load({ name, environment, timeoutMs, maxRetries }) };
}

interface ProviderOptions {
  readonly name: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly maxRetries: number;
}

// Imported when chosen: together they take longer to load than the whole run of the rules.
const providers = {
  async openai({ name, environment, timeoutMs, maxRetries }: ProviderOptions): Promise<BaseChatModel> {
    const apiKey = requireKey(environment, "OPENAI_API_KEY", "openai");
    const { ChatOpenAI } = await import("@langchain/openai");
    const baseURL = environment.OPENAI_BASE_URL;
    return new ChatOpenAI({
      model: name,
      apiKey,
      timeout: timeoutMs,
      maxRetries,
      ...(baseURL === undefined ? {} : { configuration: { baseURL } }),
    });
  },
  async anthropic({ name, environment, timeoutMs, maxRetries }: ProviderOptions): Promise<BaseChatModel> {
    const apiKey = requireKey(environment, "ANTHROPIC_API_KEY", "anthropic");
    const { ChatAnthropic } = await import("@langchain/anthropic");
    const baseURL = environment.ANTHROPIC_BASE_URL;
    return new ChatAnthropic({
      model: name,
      apiKey,
      maxRetries,
      clientOptions: { timeout: timeoutMs, maxRetries: 0 },
      ...(baseURL === undefined ? {} : { anthropicApiUrl: baseURL }),
    });
  },
  async ollama({ name, environment, timeoutMs, maxRetries }: ProviderOptions): Promise<BaseChatModel> {
    const { ChatOllama } = await import("@langchain/ollama");
    // Ollama's own variable often holds a bare host and port.
    const host = environment.OLLAMA_BASE_URL ?? environment.OLLAMA_HOST;
    const baseUrl = host === undefined || /^https?:\/\//.test(host) ? host : `http://${host}`;
    return new ChatOllama({
      model: name,
      maxRetries,
      // The client knows no timeout of its own.
      fetch: (input, init) => {
        const deadline = AbortSignal.timeout(timeoutMs);
        const signal = init?.signal == null ? deadline : AbortSignal.any([init.signal, deadline]);
        return fetch(input, { ...init, signal });
      },
      ...(baseUrl === undefined ? {} : { baseUrl }),
    });
  },
} as const;

function requireKey(environment: Environment, variable: string, provider: string): string {
  const key = environment[variable];
  if (key === undefined || key.trim() === "") {
    throw new ModelChoiceError(`RELEVO_MODEL asks for ${provider}, but ${variable} is not set.`);
  }
  return key;
}

function readCount(environment: Environment, variable: string, otherwise: number, least: number): number {
  const text = environment[variable];
  if (text === undefined || text.trim() === "") return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new ModelChoiceError(`${variable} must be a whole number from ${least} up; it is "${text}".`);
  }
  return value;
}
