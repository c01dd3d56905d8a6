import { diag } from "@opentelemetry/api";
import { errorLine } from "@relevo/core/input";

/** Tells OpenTelemetry's own logger what failed. Never throws, whatever was thrown and whatever the logger does. */
export function warn(what: string, error: unknown): void {
  try {
    diag.warn(`Relevo: ${what}`, errorLine(error));
  } catch {
    // Telemetry that fails must not fail what it looks at.
  }
}
