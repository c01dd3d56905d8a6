import type { LanguageData } from "./language-data.ts";

export const portuguese: LanguageData = {
  stemmer: "portuguese",
  stop: `o a os as um uma uns umas de do da dos das em no na nos nas por pelo pela para com sem sobre entre até
    e ou mas se que quem qual quais quando onde como porque porquê quanto quantos quanta quantas
    eu tu você ele ela nós vocês eles elas me te se lhe nos meu minha meus minhas teu tua seu sua seus suas nosso nossa
    é são era eram ser foi foram está estão estava estar tem têm tinha ter há não mais muito já também
    este esta isto esse essa isso aquele aquela ao à aos às`,
  frame: `tipo forma maneira coisa coisas nome nomes chama chamava disse diz mencionou contou falou explicou
    descreveu aconteceu passou decidiu pensa pensou sente sentiu razão motivo segundo certo vários diferente
    exemplo específico particular principal normalmente atualmente recentemente durante enquanto depois antes juntos`,
  self: "eu me meu minha meus minhas nós nos nosso nossa",
  kinds: {
    when: /\bquando\b|\b(?:que|qual) (?:data|dia|mês|ano|hora)(?![\p{L}])|\bquanto tempo\b/iu,
    where: /\b(?:a)?onde\b|\b(?:que|qual) (?:cidade|país|lugar|local)(?![\p{L}])/iu,
    who: /\bquem\b/i,
    why: /\bpor ?qu[eê]/i,
    many: /\bquant[oa]s?\b/i,
    feel: /\bcomo (?:te|se) sent/i,
    name: /\bcomo se chama|\b(?:que|qual) (?:livro|filme|música|banda|jogo)(?![\p{L}])/iu,
  },
  prepositions: "a com para de por sobre",
  joiners: "e ou",
  both: "ambos ambas",
  forms: `ir vou vai vamos vão fui
    fazer faço faz fazem fiz fez fizeram feito
    dizer digo disse dito
    ver vejo vê vi viu visto
    vir venho vem veio vieram
    pôr ponho põe pus posto
    poder posso pode podem pude
    querer quero quer quis
    saber sei sabe soube
    trazer trago traz trouxe
    escrever escrito`,
  capitalsAreNames: true,
  relativeTimes: {
    days: { ontem: -1, anteontem: -2, hoje: 0, amanha: 1 },
    last: "passado passada ultimo ultima",
    current: "este esta neste nesta",
    next: "proximo proxima",
    units: {
      day: "dia dias",
      week: "semana semanas",
      weekend: "fimdesemana",
      month: "mes meses",
      year: "ano anos",
    },
    agoBefore: "ha",
    agoAfter: "atras",
    counts: {
      um: 1,
      uma: 1,
      dois: 2,
      duas: 2,
      tres: 3,
      quatro: 4,
      cinco: 5,
      seis: 6,
      sete: 7,
      oito: 8,
      dez: 10,
    },
  },
};
