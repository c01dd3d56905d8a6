import { refuse } from "@relevo/core/input";
import type { ClientOptions } from "../options.ts";
import type { Connector } from "./clients.ts";
import { createKyselyConnector } from "./kysely-connector.ts";
import { letOthersRun } from "./let-others-run.ts";
import { createPgliteConnector } from "./pglite-connector.ts";
import { createPoolConnector } from "./pool-connector.ts";

/** The way to the database that the options name. @throws `invalid-input` when there is not exactly one client. */
export function createConnector(
  { pool, pglite, kysely }: ClientOptions,
  options: { readonly preparedStatements: boolean; readonly onError: (error: unknown) => void },
): Connector {
  const clients = [pool, pglite, kysely].filter((client) => client !== undefined);
  if (clients.length === 1) {
    if (pool !== undefined) return createPoolConnector(pool, options);
    if (pglite !== undefined) return letOthersRun(createPgliteConnector(pglite));
    if (kysely !== undefined) return letOthersRun(createKyselyConnector(kysely));
  }
  throw refuse("options", "must have exactly one client: pool, pglite or kysely.");
}
