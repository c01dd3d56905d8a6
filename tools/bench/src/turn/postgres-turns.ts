import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { serviceAvailable, startPrivatePostgres } from "@relevo/test-services";
import pg from "pg";
import { relevoSubjects } from "./relevo-turns.ts";
import {
  answer,
  chunksOf,
  earlierTexts,
  type OpenPeers,
  shownMessages,
  type TurnGroup,
  type TurnSubject,
} from "./turn-subject.ts";

/** As the clients' default; more sessions at once wait for one another. */
const connections = 10;

const prepare = `
create schema raw;
create table raw.messages (
  tenant text, session text, seq bigint, at bigint, role text, body text,
  primary key (tenant, session, seq)
);
create role bench login in role relevo_app;
grant usage on schema raw to bench;
grant all on raw.messages to bench;
-- Peers make tables of their own.
grant create on schema public to bench;
grant create on database bench to bench;`;

const insert = {
  name: "raw-turn-insert",
  text: "insert into raw.messages values ('acme', $1, $2, $3, $4, $5)",
};
const insertMany = `insert into raw.messages
  select 'acme', $1, seq, 0, role, body from unnest($2::bigint[], $3::text[], $4::text[]) as row (seq, role, body)`;
const select = {
  name: "raw-turn-select",
  text: `select seq, at, role, body from raw.messages
    where tenant = 'acme' and session = $1 order by seq desc limit ${shownMessages}`,
};

/** Prepared statements, with the sequence kept by the client. */
function rawTurns(pool: pg.Pool): TurnSubject {
  const lengths = new Map<string, number>();
  const next = (session: string): number => {
    const seq = (lengths.get(session) ?? 0) + 1;
    lengths.set(session, seq);
    return seq;
  };
  const body = (content: string): string => JSON.stringify({ content });
  const append = (session: string, role: string, content: string): Promise<unknown> =>
    pool.query({ ...insert, values: [session, next(session), Date.now(), role, body(content)] });
  return {
    name: "INSERT, SELECT, INSERT",
    async fill(session, messages) {
      for (const chunk of chunksOf(earlierTexts(messages), 1000)) {
        await pool.query(insertMany, [
          session,
          chunk.map(() => next(session)),
          chunk.map(({ role }) => role),
          chunk.map(({ content }) => body(content)),
        ]);
      }
    },
    async turn(session, question) {
      await append(session, "user", question);
      const { rows } = await pool.query<{ body: string }>({ ...select, values: [session] });
      const shown = rows.map((row): { readonly content: string } => JSON.parse(row.body));
      await append(session, "assistant", answer);
      return { messages: shown.length, newest: shown[0]?.content };
    },
  };
}

/**
 * On a private server that waits for its disk, as a role that row-level security applies to. All of a process share one
 * pool: whether a connection's server process runs on the processor that asks or on another makes a call take 40 or
 * 100 µs.
 */
export function postgresTurns(peers: OpenPeers<pg.Pool> = async () => []): TurnGroup {
  return {
    title: "Postgres",
    shared: true,
    async start() {
      const service = serviceAvailable("private-postgres");
      if (!service.available) return service.reason;
      const server = await startPrivatePostgres({ durable: true, settings: { shared_buffers: "128MB" } });
      const url = await server.createDatabase("bench");
      const owner = new pg.Pool({ connectionString: url, max: 1 });
      await migratePostgres({ pool: owner });
      await owner.query(prepare);
      const asApplication = new URL(url);
      asApplication.username = "bench";
      return {
        url: asApplication.href,
        pid: server.pid,
        settle: async () => void (await owner.query("analyze")),
        async [Symbol.asyncDispose]() {
          await owner.end();
          await server.stop();
        },
      };
    },
    async open(url) {
      // A connection that ends while others run would be opened again in somebody's turn.
      const pool = new pg.Pool({ connectionString: url, max: connections, idleTimeoutMillis: 0 });
      const store = createPostgresStore({ pool });
      return {
        floor: rawTurns(pool),
        subjects: [...relevoSubjects(store), ...(await peers(pool))],
        async [Symbol.asyncDispose]() {
          await store.close();
          await pool.end();
        },
      };
    },
  };
}
