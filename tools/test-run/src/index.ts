export { type CheckReport, type CheckResult, finishCheck, writeCheckReport } from "./check-report.ts";
export { type CommandOptions, type CommandResult, runCommand } from "./command.ts";
export { loadProjects, type Project, projectFolders } from "./projects.ts";
export { createScratchWorkspace, type ScratchOptions, type ScratchWorkspace } from "./scratch-workspace.ts";
