import { expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

const lead = {
  id: "A",
  email: "ana@techcorp.example",
  company: "TechCorp",
  message: "We want to buy a CRM. A demo?",
};

it("works the leads as ever when the collector is not there", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT: "100" };
  const { code, stdout } = await runProgram([], { stdin: JSON.stringify(lead), env });
  expect(code).toBe(0);
  expect(stdout).toContain("1 lead");
});
