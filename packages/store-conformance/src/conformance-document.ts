import { allCases } from "./all-cases.ts";
import { allMutants } from "./all-mutants.ts";
import type { ConformanceArea, ConformanceCase } from "./harness.ts";

const areas: { readonly [Area in ConformanceArea]: string } = {
  log: "The event log",
  transfer: "Sealing and transfer",
  scan: "Scanning across sessions",
  leases: "Leases",
  feed: "The change feed",
  documents: "Documents",
  hostile: "Hostile input",
  lifecycle: "Lifecycle and maintenance",
  search: "Search indexes",
};

/** `docs/conformance.md`: every case with its promise and the stores that it catches, as Markdown. */
export function conformanceDocument(): string {
  const parts = [
    "# Conformance",
    `What every store promises, as ${allCases.length} cases, and the ${allMutants.length} broken stores that they ` +
      "are known to catch. A store conforms when it passes them all; `describeConformance` and `describeMutants` of " +
      "`@relevo/store-conformance` run them.",
    "This file is printed by `node packages/store-conformance/scripts/write-document.ts`; a test fails when it is " +
      "out of date.",
  ];
  for (const [area, title] of Object.entries(areas)) {
    const cases = allCases.filter((entry) => entry.area === area);
    if (cases.length > 0) parts.push(`## ${title}`, ...cases.map(section));
  }
  return `${parts.join("\n\n")}\n`;
}

function section(entry: ConformanceCase): string {
  const mutants = allMutants.filter(({ target }) => target === entry.id);
  const needs = entry.needs === undefined ? "" : ` Applies where there is: ${entry.needs.join(", ")}.`;
  return [
    `### ${entry.id}`,
    "",
    `${entry.contract}${needs}`,
    "",
    ...mutants.map(({ id, defect }) => `- Catches \`${id}\`: ${defect}`),
  ]
    .join("\n")
    .trimEnd();
}
