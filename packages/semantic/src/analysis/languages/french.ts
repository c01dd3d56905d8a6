import type { LanguageData } from "./language-data.ts";

export const french: LanguageData = {
  stemmer: "french",
  stop: `le la les l un une des du de d au aux à en dans sur sous pour par avec sans chez entre vers
    et ou mais donc ni car que qui quoi dont où quand comment pourquoi quel quelle quels quelles combien
    je j tu il elle on nous vous ils elles me m te t se s lui leur y ce c cet cette ces ça cela
    mon ma mes ton ta tes son sa ses notre nos votre vos leurs
    est sont était étaient être suis es sommes êtes été a ai as avons avez ont avait avoir
    ne n pas plus très si qu est-ce`,
  frame: `type genre sorte façon manière chose choses nom noms appelle appelait nommé dit disait mentionné
    raconté parlé expliqué décrit passé arrivé décidé pense pensé sent senti raison selon suivant concernant
    certain certains différent exemple précis particulier principal habituellement actuellement récemment
    pendant après avant ensemble`,
  self: "je j me m mon ma mes nous notre nos",
  kinds: {
    when: /\bquand(?![\p{L}])|\bquel(?:le)? (?:date|jour|mois|année|heure)|combien de temps/iu,
    where: /(?<![\p{L}])où(?![\p{L}])|\bquel(?:le)? (?:ville|pays|lieu|endroit)/iu,
    who: /\bqui(?![\p{L}])/iu,
    why: /pourquoi/i,
    many: /combien/i,
    name: /\bcomment s['’ ]appel|\bquel (?:livre|film|groupe|jeu)/i,
  },
  prepositions: "à avec pour de par sur chez",
  joiners: "et ou",
  both: "",
  forms: `aller vais vas va allons allez vont allé allée irai ira
    faire fais fait faisons font faisait
    voir vois voit vu vue
    prendre prends prend pris
    venir viens vient venu venue
    mettre mets met mis
    dire dis dit dite
    pouvoir peux peut peuvent pu
    vouloir veux veut veulent voulu
    savoir sais sait su
    écrire écrit
    lire lu
    boire bu
    acheter achète acheté`,
  capitalsAreNames: true,
  relativeTimes: {
    days: { hier: -1, "aujourd hui": 0, demain: 1, "ce matin": 0, "ce soir": 0 },
    last: "dernier derniere passe passee",
    current: "ce cette",
    next: "prochain prochaine",
    units: {
      day: "jour jours",
      week: "semaine semaines",
      weekend: "weekend",
      month: "mois",
      year: "an ans annee annees",
    },
    agoBefore: "a",
    agoAfter: "",
    counts: { un: 1, une: 1, deux: 2, trois: 3, quatre: 4, cinq: 5, six: 6, sept: 7, huit: 8, dix: 10 },
  },
};
