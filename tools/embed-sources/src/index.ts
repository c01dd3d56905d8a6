export { type EmbeddedModule, embedSources, isUpToDate, writeModule } from "./embed-sources.ts";
export { SourceError } from "./source-error.ts";
