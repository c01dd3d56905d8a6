/** Anyone can have an address here; it says nothing about a company. */
const freeMail: ReadonlySet<string> = new Set(
  "gmail.com googlemail.com hotmail.com hotmail.es outlook.com outlook.es live.com msn.com yahoo.com yahoo.es yahoo.co.uk icloud.com me.com aol.com gmx.com gmx.de gmx.es web.de proton.me protonmail.com mail.com mail.ru yandex.com zoho.com terra.com telefonica.net qq.com 163.com freemail.example mail.example".split(
    " ",
  ),
);

/** Addresses that are made to be thrown away. */
const disposable: ReadonlySet<string> = new Set(
  "mailinator.com guerrillamail.com 10minutemail.com tempmail.com temp-mail.org yopmail.com trashmail.com sharklasers.com getnada.com throwaway.example tempmail.example".split(
    " ",
  ),
);

export type MailDomain = "company" | "other" | "free" | "disposable";

/** What an address tells: the company's own domain, some domain, a free mailbox or a throwaway. */
export function judgeMailDomain(email: string, company: string | undefined): MailDomain {
  const domain = domainOf(email);
  if (disposable.has(domain)) return "disposable";
  if (freeMail.has(domain)) return "free";
  const key = company === undefined ? "" : companyKey(company).replace(/ /g, "");
  const plain = domain.replace(/[^\p{L}\p{N}.]/gu, "");
  const labels = plain.split(".").slice(0, -1);
  const own =
    key.length >= 3 &&
    labels.some((label) => label.length >= 3 && (label.includes(key) || key.includes(label)));
  return own ? "company" : "other";
}

export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1).toLowerCase();
}

/** A company's name as two leads that mean the same one would share it: no accents, case, signs or legal form. */
export function companyKey(company: string): string {
  const words =
    company
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/\b(\p{L})\.(?=\p{L}\b)/gu, "$1")
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const kept = words.filter((word, index) => index === 0 || !legalForms.has(word));
  return kept.join(" ");
}

const legalForms: ReadonlySet<string> = new Set(
  "sl slu sa sau sas srl inc incorporated llc ltd limited plc gmbh ag bv nv corp corporation co cv spa oy ab".split(
    " ",
  ),
);
