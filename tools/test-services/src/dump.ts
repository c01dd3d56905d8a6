/**
 * Each row of each table of the schema `relevo` as text, and what is kept as bytes as UTF-8 too: places of documents hold their
 * names. A test looks in it for what must not be there.
 */
export async function dumpTables(
  query: (sql: string) => Promise<readonly { readonly line: string }[]>,
): Promise<string> {
  const tables = await query(
    "select tablename as line from pg_catalog.pg_tables where schemaname = 'relevo'",
  );
  const lines: string[] = [];
  for (const { line: table } of tables) {
    for (const { line } of await query(`select t::text as line from relevo.${table} as t`)) {
      const bytes = line.replaceAll(/\\x([0-9a-f]+)/gu, (_, hex: string) =>
        Buffer.from(hex, "hex").toString(),
      );
      lines.push(`${table}: ${line} ${bytes}`);
    }
  }
  return lines.join("\n");
}

type SendCommand = (...args: readonly (string | number)[]) => Promise<unknown>;

const readers: { readonly [type: string]: (key: string) => readonly (string | number)[] } = {
  string: (key) => ["GET", key],
  list: (key) => ["LRANGE", key, 0, -1],
  hash: (key) => ["HGETALL", key],
  set: (key) => ["SMEMBERS", key],
  zset: (key) => ["ZRANGE", key, 0, -1],
};

/** All keys of a Redis server as text, with what they hold. Side by side: there may be thousands. */
export async function dumpKeys(send: SendCommand): Promise<string> {
  const keys = (await send("KEYS", "*")) as readonly string[];
  const lines = keys.map(async (key) => {
    const type = `${await send("TYPE", key)}`;
    const read = readers[type];
    if (read === undefined && type !== "none") throw new Error(`Nobody reads keys of type ${type}.`);
    return `${key} ${read === undefined ? "" : JSON.stringify(await send(...read(key)))}`;
  });
  return (await Promise.all(lines)).join("\n");
}
