import type { Lead } from "../src/lead.ts";

/** A lead with only what a row must have; the rest as given. */
export function makeLead(fields: Partial<Lead> = {}): Lead {
  return {
    id: "lead-1",
    email: "ana@techcorp.example",
    message: "We looked at several tools with our team in spring and autumn.",
    extra: {},
    ...fields,
  };
}

/** Reaches the grade hot and asks for a meeting. */
export const hotLead: Lead = makeLead({
  company: "TechCorp",
  name: "Ana Vidal",
  role: "CTO",
  companySize: 300,
  budget: "40k",
  country: "ES",
  message: "We need a demo of your CRM this week, please call me.",
});

/** Reaches the grade warm and asks for no meeting. */
export const warmLead: Lead = makeLead({
  id: "lead-2",
  email: "lola@frutas-lola.example",
  company: "Frutas Lola",
  role: "Dueña",
  companySize: 12,
  budget: "1500 euros",
  message: "Busco algo sencillo para mi empresa. ¿Cuánto cuesta al año?",
});
