import type { LanguageData } from "./language-data.ts";

export const italian: LanguageData = {
  stemmer: "italian",
  stop: `il lo la i gli le l un uno una di del dello della dei degli delle a al alla ai agli alle da dal dalla
    in nel nella nei con su sul sulla per tra fra e ed o ma se che chi cui cosa come quando dove perché quale quali quanto
    io tu lui lei noi voi loro mi ti si ci vi me te ne mio mia miei mie tuo tua suo sua nostro nostra vostro
    è sono era erano essere sei siamo stato stata ha ho hai hanno aveva avere non più molto anche già
    questo questa questi queste quello quella`,
  frame: `tipo genere modo cose nome nomi chiama chiamava detto dice menzionato raccontato parlato spiegato
    descritto successo accaduto deciso pensa pensato sente sentito ragione motivo secondo riguardo certo vari
    diverso esempio specifico particolare principale solitamente attualmente recentemente durante mentre dopo prima
    insieme entrambi`,
  self: "io mi me mio mia miei mie noi ci nostro nostra",
  kinds: {
    when: /\bquando\b|\b(?:che|quale) (?:data|giorno|mese|anno|ora)\b|\bquanto tempo\b/i,
    where: /\bdove\b|\b(?:che|quale) (?:città|paese|luogo|posto)/i,
    who: /\bchi\b/i,
    why: /\bperch[eé]/i,
    many: /\bquant[oaie]\b/i,
    feel: /\bcome (?:ti|si) sent/i,
    name: /\bcome si chiama|\b(?:che|quale) (?:libro|film|canzone|gruppo|gioco)\b/i,
  },
  prepositions: "a con per da di su",
  joiners: "e ed o",
  both: "entrambi entrambe",
  forms: `andare vado vai va andiamo vanno andato andata
    fare faccio fai fa facciamo fanno fatto
    vedere vedo visto vista
    dire dico dici detto
    venire vengo viene venuto venuta
    prendere preso
    mettere messo
    scrivere scritto
    leggere letto
    potere posso può possono
    volere voglio vuole vogliono
    sapere so sai sa sanno`,
  capitalsAreNames: true,
  relativeTimes: {
    days: { ieri: -1, oggi: 0, domani: 1, stamattina: 0, stasera: 0 },
    last: "scorso scorsa passato passata",
    current: "questo questa",
    next: "prossimo prossima",
    units: {
      day: "giorno giorni",
      week: "settimana settimane",
      weekend: "weekend",
      month: "mese mesi",
      year: "anno anni",
    },
    agoBefore: "",
    agoAfter: "fa",
    counts: { un: 1, una: 1, due: 2, tre: 3, quattro: 4, cinque: 5, sei: 6, sette: 7, otto: 8, dieci: 10 },
  },
};
