import type { Pool } from "pg";
import { batch, message } from "./samples.ts";
import { documents, rareEach, type StoreWork, value } from "./store-work.ts";

const schema = `
create schema raw;
create table raw.events (
  tenant text, session text, seq bigint, at bigint, type text, agent text, body text,
  primary key (tenant, session, seq)
);
create table raw.documents (
  tenant text, namespace text, key text, version bigint, body text, tag text,
  primary key (tenant, namespace, key)
);
create index on raw.documents (tenant, tag, key);
grant usage on schema raw to public;
grant all on all tables in schema raw to public;`;

const insertOne = {
  name: "raw-insert",
  text: "insert into raw.events values ('acme', 's-1', $1, $2, 'message', 'planner', $3)",
};
const insertBatch = {
  name: "raw-batch",
  text: `insert into raw.events
    select 'acme', 's-1', seq, at, 'message', 'planner', body
    from unnest($1::bigint[], $2::bigint[], $3::text[]) as row (seq, at, body)`,
};
const selectTail = {
  name: "raw-tail",
  text: "select * from raw.events where tenant = 'acme' and session = 's-1' order by seq desc limit 20",
};
const upsert = {
  name: "raw-put",
  text: `insert into raw.documents values ('acme', 'planner', $1, 1, $2, 'none')
    on conflict (tenant, namespace, key) do update set version = documents.version + 1, body = excluded.body`,
};
const selectOne = {
  name: "raw-get",
  text: "select * from raw.documents where tenant = 'acme' and namespace = 'planner' and key = $1",
};
const selectTagged = {
  name: "raw-find",
  text: "select * from raw.documents where tenant = 'acme' and tag = 'rare' order by key limit 20",
};

export interface RawPostgres {
  /** The jobs through a pool. */
  through(pool: Pool): StoreWork;
  /** Messages in the table, at least this many. */
  fill(history: number): Promise<void>;
}

/** What a hand that knows its one use would write with `pg`: prepared statements, one round trip each. */
export async function rawPostgres(owner: Pool): Promise<RawPostgres> {
  await owner.query(schema);
  const body = JSON.stringify(message(0).body);
  const bodies = batch.map((event) => JSON.stringify(event.body));
  const text = JSON.stringify(value);
  let seq = 0;
  let count = 0;
  const insertMany = async (pool: Pool): Promise<void> => {
    const seqs = batch.map(() => ++seq);
    await pool.query({ ...insertBatch, values: [seqs, seqs, bodies] });
  };

  for (let index = 0; index < 1000; index++) await owner.query({ ...upsert, values: [`k${index}`, text] });
  await owner.query(
    `insert into raw.documents
      select 'acme', 'facts', 'k' || n, 1, $1, case when n % ${rareEach} = 0 then 'rare' else 'common' end
      from generate_series(0, ${documents - 1}) as n`,
    [text],
  );
  return {
    through(pool) {
      const parsed = async (
        query: { readonly name: string; readonly text: string },
        values: unknown[] = [],
      ) => (await pool.query<{ body: string }>({ ...query, values })).rows.map((row) => JSON.parse(row.body));
      return {
        append: () => pool.query({ ...insertOne, values: [++seq, Date.now(), body] }),
        appendBatch: () => insertMany(pool),
        tail: () => parsed(selectTail),
        put: () => pool.query({ ...upsert, values: [`k${count++ % 1000}`, text] }),
        get: () => parsed(selectOne, [`k${count++ % 1000}`]),
        find: () => parsed(selectTagged),
      };
    },
    async fill(history) {
      while (seq < history) await insertMany(owner);
    },
  };
}
