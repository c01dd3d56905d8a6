import {
  maxPinnedBelow,
  maxRemovedRanges,
  maxSummariesLookedAt,
  mostSimilarTerms,
  shortestSimilarTerm,
} from "@relevo/core/store";
import { literal } from "../database/text.ts";
import { keptItems } from "../search/fact-cache.ts";
import { blockBits } from "../search/postings.ts";
import { exactItems } from "../search/vectors.ts";
import {
  contentSeparator,
  feedMemoryMs,
  filterableBytes,
  lookBudget,
  operationMemoryMs,
  pageBytes,
} from "./bounds.ts";
import { closeToPublic, secureRegistry, secureTable } from "./roles.ts";
import * as sql from "./sql/sql.generated.ts";
import { nowMs, nowUs, quoteBody } from "./sql-text.ts";
import { searchTables, storeTables, vectorTable } from "./tables.ts";

/** Stands for the name of the schema until the statements are apart: no name and no statement holds it. */
const placeholder = "\0";

const values = {
  schema: placeholder,
  nowMs,
  nowUs,
  feedMemoryMs: `${feedMemoryMs}`,
  operationMemoryMs: `${operationMemoryMs}`,
  lookBudget: `${lookBudget}`,
  pageBytes: `${pageBytes}`,
  filterableBytes: `${filterableBytes}`,
  contentSeparator: `${contentSeparator}`,
  maxRemovedRanges: `${maxRemovedRanges}`,
  maxPinnedBelow: `${maxPinnedBelow}`,
  maxSummariesLookedAt: `${maxSummariesLookedAt}`,
  blockBits: `${blockBits}`,
  mostSimilar: `${mostSimilarTerms}`,
  shortestSimilar: `${shortestSimilarTerm}`,
  exactItems: `${exactItems}`,
  keptItems: `${keptItems}`,
} as const;

/** In an order in which each function stands after the ones that its signature, or a body parsed at once, names. */
const sources: readonly ((given: typeof values) => string)[] = [
  sql.tables,
  sql.sessionSlots,
  sql.removals,
  sql.derivesFrom,
  sql.retract,
  sql.appendOne,
  sql.append,
  sql.pageTexts,
  sql.readPage,
  sql.listSessions,
  sql.touchSession,
  sql.sealSession,
  sql.trimSession,
  sql.eraseEvents,
  sql.importEvents,
  sql.endSession,
  sql.leases,
  sql.documentParts,
  sql.putDocument,
  sql.putDocuments,
  sql.exportDocuments,
  sql.importDocuments,
  sql.deleteDocument,
  sql.deleteDocuments,
  sql.eraseDerived,
  sql.touchDocument,
  sql.recentDocuments,
  sql.purgeDocuments,
  sql.listNamespaces,
  sql.changeFeed,
  sql.expireTenant,
  sql.maintenance,
];

/** The statements that make the tables, functions, policies and views. `schema` is quoted. */
export function createSchema(schema: string): readonly string[] {
  return [
    ...sources.flatMap((source) => statementsOf(source(values), schema)),
    ...secureRegistry(schema),
    ...storeTables.filter((table) => table !== "tenants").flatMap((table) => secureTable(schema, table)),
    ...statementsOf(sql.views(values), schema),
    ...closeToPublic(schema),
  ];
}

/** The statements that add the search index. */
export function createSearchSchema(schema: string): readonly string[] {
  return [
    ...[sql.searchTables, sql.searchWrite, sql.searchRead].flatMap((source) =>
      statementsOf(source(values), schema),
    ),
    ...searchTables.flatMap((table) => secureTable(schema, table)),
    ...closeToPublic(schema),
  ];
}

/**
 * The statements that add vectors to the search index, where the extension pgvector is. Both schemas are quoted.
 */
export function createVectorSchema(schema: string, vectorSchema: string): readonly string[] {
  const given = {
    ...values,
    vector: vectorSchema,
    schemaText: literal(schema),
    vectorText: literal(vectorSchema),
  };
  return [
    ...statementsOf(sql.searchVectors(given), schema),
    ...secureTable(schema, vectorTable),
    ...closeToPublic(schema),
  ];
}

/**
 * An index for the nearest of many vectors of so many dimensions. With pgvector's usual 16 and 64 it finds 93 % of the
 * nearest 100 among 14,000 that lie in clusters, with these more than 95 % (`test/search-vectors.slow.test.ts`).
 */
export function createVectorIndex(schema: string, vectorSchema: string, dimensions: number): string {
  return `create index if not exists ${vectorTable}_${dimensions} on ${schema}.${vectorTable}
using hnsw ((vector::${vectorSchema}.vector(${dimensions})) ${vectorSchema}.vector_cosine_ops)
with (m = 24, ef_construction = 128) where ${vectorSchema}.vector_dims(vector) = ${dimensions}`;
}

/** The statements of a text, each ended by a semicolon at the end of a line, outside of bodies in `$body$`. */
function statementsOf(text: string, schema: string): readonly string[] {
  const fill = (part: string): string => part.replaceAll(placeholder, () => schema);
  const statements = [""];
  text.split("$body$").forEach((part, index) => {
    const [rest = "", ...next] = index % 2 === 1 ? [quoteBody(fill(part))] : part.split(";\n").map(fill);
    statements.push(`${statements.pop() ?? ""}${rest}`, ...next);
  });
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== "");
}
