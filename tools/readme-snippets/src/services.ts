import { requireService, startPostgres, startRedis } from "@relevo/test-services";

/** Servers for the snippets that ask for one by `process.env`: private ones, started when the first asks. */
export interface SnippetServices extends AsyncDisposable {
  /** What to add to a snippet's environment; `undefined` when a server that it asks for cannot be had here. */
  environmentFor(code: string): Promise<{ readonly [name: string]: string } | undefined>;
}

export function createSnippetServices(): SnippetServices {
  const started: AsyncDisposable[] = [];
  const urls = new Map<string, Promise<string>>();
  const start: { readonly [variable: string]: () => Promise<string> | undefined } = {
    REDIS_URL: () =>
      requireService("redis", { for: "snippets with REDIS_URL" }) ? startOneRedis() : undefined,
    DATABASE_URL: () =>
      requireService("postgres", { for: "snippets with DATABASE_URL" }) ? startOnePostgres() : undefined,
  };

  async function startOneRedis(): Promise<string> {
    const server = await startRedis();
    started.push(server);
    return server.url;
  }

  async function startOnePostgres(): Promise<string> {
    const server = await startPostgres();
    started.push(server);
    return await server.createDatabase();
  }

  return {
    async environmentFor(code) {
      const environment: { [name: string]: string } = {};
      for (const [variable, open] of Object.entries(start)) {
        if (!code.includes(`process.env.${variable}`)) continue;
        const url = urls.get(variable) ?? open();
        if (url === undefined) return undefined;
        urls.set(variable, url);
        environment[variable] = await url;
      }
      return environment;
    },
    async [Symbol.asyncDispose]() {
      for (const server of started.toReversed()) await server[Symbol.asyncDispose]();
    },
  };
}
