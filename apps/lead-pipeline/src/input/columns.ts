/**
 * The name of a lead's field for a column heading, whatever its case, accents and separators; CRM exports call the
 * same thing by many names, in English and in Spanish. `undefined` for a column that is kept under `extra`.
 */
export function fieldOfColumn(heading: string): LeadField | undefined {
  const name = heading
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
  return fieldByName.get(name);
}

export type LeadField =
  | "id"
  | "email"
  | "company"
  | "message"
  | "name"
  | "role"
  | "companySize"
  | "budget"
  | "country";

const names = {
  id: "id leadid idlead identificador codigo ref referencia",
  email: "email mail emailaddress correo correoelectronico ecorreo emailcontacto",
  company:
    "company companyname organization organisation account empresa compania organizacion razonsocial cuenta",
  message: "message msg comment comments notes inquiry enquiry mensaje comentario comentarios consulta notas",
  name: "name fullname contactname contact nombre nombrecompleto nombreyapellidos contacto",
  role: "role title jobtitle position cargo puesto rol",
  companySize:
    "companysize nempleados ndeempleados numeroempleados nodeempleados size employees employeecount headcount empleados numempleados numerodeempleados plantilla tamano tamanoempresa",
  budget: "budget presupuesto",
  country: "country pais",
} as const satisfies Record<LeadField, string>;

const fieldByName: ReadonlyMap<string, LeadField> = new Map(
  Object.entries(names).flatMap(([field, list]) =>
    list.split(" ").map((name) => [name, field as LeadField] as const),
  ),
);
