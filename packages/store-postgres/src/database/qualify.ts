/**
 * Names every function, operator, type and collation of a statement by its schema, `pg_catalog`. A statement that is
 * sent alone is resolved under the connection's `search_path`, where anyone who may create in one of its schemas could
 * plant a function or an operator that fits the arguments better, and have it run with the application's rights. The
 * path cannot be set beforehand: that would take another round trip, and behind a pooler it would stay with whoever
 * gets the connection next.
 *
 * Understands the SQL that this package sends, and refuses what PostgreSQL would still look up by the path (`in`,
 * `between`, `nullif`, a simple `case` …) or what changes its meaning: `operator(pg_catalog.+)` binds weaker than `+`,
 * so that operators of different precedence need parentheses.
 *
 * @throws Error for a statement that cannot be qualified: a defect of this package.
 */
export function qualify(text: string): string {
  const tokens = tokenize(text);
  const tables = commonTables(tokens);
  const result: string[] = [];
  /** The enclosing parentheses, innermost last. */
  const levels: Level[] = [{ kind: "expression", classes: undefined, inFrom: false }];
  tokens.forEach((token, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    const level = levels.at(-1) as Level;
    result.push(token.space);
    switch (token.kind) {
      case "open":
        levels.push({ kind: levelKind(tokens, index), classes: undefined, inFrom: false });
        break;
      case "close":
        levels.pop();
        if (levels.length === 0) throw refusal("A parenthesis is closed that was not opened", text);
        break;
      case "comma":
        if (level.inFrom) throw refusal("A comma joins relations", text);
        level.classes = undefined;
        break;
      case "operator":
        if (isStar(token, before, after)) break;
        if (token.text === "=>") {
          // An argument by its name: grammar, and the start of an expression.
          level.classes = undefined;
          break;
        }
        if (isBoundary(before)) throw refusal(`The operator ${token.text} has no left side`, text);
        requireOneClass(level, token.text, text);
        result.push(`operator(pg_catalog.${token.text})`);
        return;
      case "name":
        if (level.kind === "extract" && token.text === "from") break;
        if (refused.has(token.text) && !isAllowed(token.text, before, level)) {
          throw refusal(`PostgreSQL looks up the operator of "${token.text}" by the search path`, text);
        }
        if (token.text === "case" && after?.text !== "when") {
          throw refusal("PostgreSQL looks up the operator of a simple case by the search path", text);
        }
        if (isBoundary(token)) level.classes = undefined;
        if (token.text === "from") level.inFrom = true;
        else if (endsFrom.has(token.text)) level.inFrom = false;
        requireTable(tokens, index, tables, text);
        if (isPathName(tokens, index, level)) result.push("pg_catalog.");
        break;
      case "quoted":
        requireTable(tokens, index, tables, text);
        if (isQuotedPathName(before, after, level))
          throw refusal(`The name ${token.text} has no schema`, text);
        if (before?.text === "collate" && after?.text !== ".") result.push("pg_catalog.");
        break;
      default:
        // Of another type, or with escapes.
        if (token.text.startsWith("'") && before?.kind === "name" && !mayPrecedeText(before.text)) {
          throw refusal(`The text behind "${before.text}" is not a plain one`, text);
        }
    }
    result.push(token.text);
  });
  return result.join("");
}

interface Level {
  /** `columns`: the names behind an alias, with or without types. */
  readonly kind: "expression" | "columns" | "extract" | "position";
  /** The precedence of the operators since the last boundary. */
  classes: string | undefined;
  /** Whether relations are listed. */
  inFrom: boolean;
}

interface Token {
  readonly kind: "name" | "quoted" | "operator" | "open" | "close" | "comma" | "other";
  readonly text: string;
  /** What stands before it. */
  readonly space: string;
}

/** What stands before a token, and the token: each kind of `kinds` is a group of its own. */
const tokenPattern =
  /(\s*)(?:("(?:[^"]|"")*")|('(?:[^']|'')*'|\$\d+|\d+(?:\.\d+)?|::|[.[\]:])|([a-z_][a-z0-9_]*)|([-+*/<>=~!@#%^&|`?]+)|(\()|(\))|(,))/uy;

const kinds = ["quoted", "other", "name", "operator", "open", "close", "comma"] as const;

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const at = tokenPattern.lastIndex;
    const groups = tokenPattern.exec(text);
    const index = kinds.findIndex((_, group) => groups?.[group + 2] !== undefined);
    const kind = kinds[index];
    const found = groups?.[index + 2];
    if (kind === undefined || found === undefined)
      throw refusal(`What stands at ${at} is not understood`, text);
    if (kind === "operator" && /--|\/\*/u.test(found)) throw refusal("There is a comment", text);
    // A column may have the name of any word.
    const isMember = kind === "name" && tokens.at(-1)?.text === ".";
    tokens.push({ kind: isMember ? "other" : kind, text: found, space: groups?.[1] ?? "" });
  }
  return tokens;
}

/** The names of `with` queries, which no relation can shadow. */
function commonTables(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  tokens.forEach((token, index) => {
    if (tokens[index + 1]?.text !== "as") return;
    const [second, third] = [tokens[index + 2]?.text, tokens[index + 3]?.text];
    const isBody = second === "(" && (third === "select" || third === "with");
    if (second === "materialized" || isBody) names.add(token.text);
  });
  return names;
}

function levelKind(tokens: readonly Token[], index: number): Level["kind"] {
  const [before, beforeThat] = [tokens[index - 1], tokens[index - 2]];
  if (before?.text === "extract" || before?.text === "position") return before.text;
  const isQuery = ["select", "with", "values", "order", "partition", "("].includes(
    tokens[index + 1]?.text ?? "",
  );
  if (before?.text === "as") return isQuery ? "expression" : "columns";
  return beforeThat?.text === "as" && before?.text !== "materialized" ? "columns" : "expression";
}

/** Words that begin another expression: two operators with one of them in between never meet. */
const boundaries: ReadonlySet<string> = new Set(
  `select distinct from where and or not on as when then else end case is null over window partition order by group
  having limit offset asc desc union all except join cross left lateral with filter exists any array true false`.split(
    /\s+/u,
  ),
);

const endsFrom: ReadonlySet<string> = new Set(
  "select where window group having order limit offset union".split(" "),
);

/** What PostgreSQL compares with an operator that it finds by the path, or reads as a name of a type. */
const refused: ReadonlySet<string> = new Set(
  "between in like ilike similar nullif distinct using natural overlaps some at interval cast treat operator".split(
    " ",
  ),
);

function isAllowed(word: string, before: Token | undefined, level: Level): boolean {
  if (word === "in") return level.kind === "position";
  return word === "distinct" && before?.text === "select";
}

/** Words before a parenthesis that are grammar and no function of a schema. */
const grammar: ReadonlySet<string> = new Set([
  ...boundaries,
  ..."coalesce greatest least extract position values materialized".split(" "),
]);

/** Types that are words of the grammar: the parser itself looks them up in `pg_catalog`. */
const typeWords: ReadonlySet<string> = new Set(
  "bigint integer smallint boolean double precision numeric".split(" "),
);

/** Whether the name is one of a function or a type without a schema. */
function isPathName(tokens: readonly Token[], index: number, level: Level): boolean {
  const [name, before, after] = [tokens[index]?.text ?? "", tokens[index - 1], tokens[index + 1]];
  if (before?.text === "." || after?.text === ".") return false;
  if (before?.text === "::") return !typeWords.has(name);
  if (level.kind === "columns") return before?.kind === "name" && !typeWords.has(name);
  return after?.kind === "open" && !grammar.has(name) && before?.text !== "as";
}

function isQuotedPathName(before: Token | undefined, after: Token | undefined, level: Level): boolean {
  if (before?.text === "::") return after?.text !== ".";
  if (level.kind === "columns" && before?.kind !== "comma" && before?.kind !== "open") return true;
  return after?.kind === "open" && before?.text !== "." && before?.text !== "as";
}

const mayPrecedeText = (word: string): boolean => boundaries.has(word) || word === "in";

function isStar(token: Token, before: Token | undefined, after: Token | undefined): boolean {
  if (token.text !== "*") return false;
  if (before?.text === "." || before?.text === "select") return true;
  return before?.kind === "open" && after?.kind === "close";
}

function isBoundary(token: Token | undefined): boolean {
  if (token === undefined || token.kind === "comma" || token.kind === "open") return true;
  return token.kind === "operator" || (token.kind === "name" && boundaries.has(token.text));
}

/** Those of one class group from the left, as they do with `operator()`. */
function requireOneClass(level: Level, operator: string, text: string): void {
  const own = /^[-+]$/u.test(operator)
    ? "sum"
    : /^[*/%]$/u.test(operator)
      ? "product"
      : /^(?:[<>=]|<=|>=|<>)$/u.test(operator)
        ? "comparison"
        : "other";
  if (level.classes !== undefined && level.classes !== own) {
    throw refusal(`The operator ${operator} stands beside one of another precedence: add parentheses`, text);
  }
  level.classes = own;
}

/** A relation without a schema could be a temporary one of that name. */
function requireTable(
  tokens: readonly Token[],
  index: number,
  tables: ReadonlySet<string>,
  text: string,
): void {
  const [token, before, after] = [tokens[index], tokens[index - 1], tokens[index + 1]];
  if (token === undefined || !(before?.text === "from" || before?.text === "join")) return;
  if (after?.text === "." || after?.kind === "open" || tables.has(token.text)) return;
  if (token.text === "lateral" || token.text === "rows") return;
  throw refusal(`The relation ${token.text} has no schema`, text);
}

function refusal(what: string, text: string): Error {
  return new Error(`${what}, so the statement cannot be sent outside a transaction: ${text}`);
}
