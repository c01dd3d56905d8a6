import type { LanguageData } from "./language-data.ts";

export const german: LanguageData = {
  stemmer: "german",
  stop: `der die das den dem des ein eine einen einem einer eines und oder aber wenn dass ob als wie so
    in im an am auf aus bei beim mit nach von vom zu zum zur für über unter um durch gegen ohne seit bis vor
    ich du er sie es wir ihr mich dich sich uns euch mir dir ihm ihn ihnen man
    mein meine meinen meiner dein deine sein seine ihre ihren unser unsere euer
    wer wen wem wessen was wann wo wohin woher warum wieso welche welcher welches welchen
    ist sind war waren sein bin bist seid gewesen hat haben hatte hatten habe hast wird werden wurde
    kann können soll sollte würde muss nicht kein keine auch nur noch schon sehr dieser diese dieses`,
  frame: `art sorte weise ding dinge sache sachen name namen heißt genannt sagte gesagt erwähnt erzählt
    sprach beschrieben erklärt passiert geschehen entschieden denkt gedacht fühlt gefühlt grund laut
    bestimmte verschiedene beispiel besonders normalerweise derzeit kürzlich während nachdem zusammen beide`,
  self: "ich mich mir mein meine meinen meiner wir uns unser unsere",
  kinds: {
    when: /\bwann\b|\bwelche[nrsm]? (?:datum|tag|monat|jahr)\b|\bwie lange\b/i,
    where: /\b(?:wo|wohin|woher)\b|\bwelche[nrsm]? (?:stadt|land|ort)\b/i,
    who: /\b(?:wer|wen|wem|wessen)\b/i,
    why: /\b(?:warum|wieso|weshalb)\b/i,
    many: /\bwie (?:viele?|oft)\b/i,
    feel: /\bwie\b[^?]{0,60}\bfühl/i,
    name: /\bwie hei(?:ß|ss)|\bwelche[nrsm]? (?:buch|film|lied|band|spiel)\b/i,
  },
  prepositions: "an mit für von über zu bei",
  joiners: "und oder",
  both: "beide",
  forms: `gehen geht ging gingen gegangen
    fahren fährt fuhr gefahren
    kommen kommt kam gekommen
    sehen sieht sah gesehen
    essen isst aß gegessen
    trinken trank getrunken
    geben gibt gab gegeben
    nehmen nimmt nahm genommen
    finden fand gefunden
    schreiben schrieb geschrieben
    lesen liest las gelesen
    sprechen spricht sprach gesprochen
    treffen trifft traf getroffen
    bringen brachte gebracht
    denken dachte gedacht
    wissen weiß wusste gewusst
    kaufen gekauft
    fliegen flog geflogen
    bleiben blieb geblieben`,
  capitalsAreNames: false,
  relativeTimes: {
    days: { gestern: -1, vorgestern: -2, heute: 0, morgen: 1, "heute morgen": 0, "heute abend": 0 },
    last: "letzte letzten letzter letztes vergangene vergangenen am",
    current: "diese diesen dieses dieser",
    next: "nachste nachsten nachstes nachster kommende kommenden",
    units: {
      day: "tag tage tagen",
      week: "woche wochen",
      weekend: "wochenende",
      month: "monat monate monaten",
      year: "jahr jahre jahren",
    },
    agoBefore: "vor",
    agoAfter: "",
    counts: {
      einem: 1,
      einer: 1,
      zwei: 2,
      drei: 3,
      vier: 4,
      funf: 5,
      sechs: 6,
      sieben: 7,
      acht: 8,
      zehn: 10,
    },
  },
};
