import type { LanguageData } from "./language-data.ts";

export const spanish: LanguageData = {
  stemmer: "spanish",
  stop: `el la los las un una unos unas lo al del de a en con por para sin sobre entre desde hasta
    y e o u ni que qué como cómo cuando cuándo donde dónde quien quién quienes quiénes cual cuál cuales cuáles
    cuanto cuánto cuanta cuánta cuantos cuántos cuantas cuántas
    yo tú tu él ella nosotros ellos ellas usted ustedes me te se le les nos os mi mis tus su sus nuestro nuestra
    es son era eran ser soy eres somos fue fueron está están estaba estoy estar
    ha han he has hay había haber hizo hace
    muy más ya si sí no pero porque también esto esta este eso esa ese estos estas esos esas`,
  frame: `tipo clase forma manera cosa cosas algo nombre nombres llama llaman llamaba llamado
    dijo dice dicen mencionó menciona contó cuenta habló habla explicó describió comentó
    pasó sucedió ocurrió decidió piensa pensó siente sintió razón motivo
    según siguiente relacionado cierto cierta varios varias diferente ejemplo específico particular principal
    normalmente actualmente recientemente durante mientras después antes ambos juntos nuevo nueva`,
  self: "yo me mi mis nosotros nos nuestro nuestra",
  kinds: {
    when: /cuándo|\bqué (?:día|mes|año|fecha|hora)(?![\p{L}])|cuánto tiempo/iu,
    where: /dónde|\bqué (?:ciudad|ciudades|país|países|lugar|lugares|sitio|sitios|pueblo)(?![\p{L}])/iu,
    who: /quién/iu,
    why: /\bpor qué(?![\p{L}])/iu,
    many: /cuánt[oa]s?(?![\p{L}])/iu,
    feel: /cómo (?:te|se|os) (?:sient|sint)/iu,
    name: /cómo se (?:llam|titul)|\bqué (?:libro|película|canción|grupo|juego|serie)(?![\p{L}])/iu,
  },
  prepositions: "a con para de por sobre",
  joiners: "y e o u",
  both: "ambos ambas",
  forms: `ir voy vas va vamos van iba iban fui fuiste fuimos ido yendo iré irá
    hacer hago haces hacemos hacen hice hiciste hicimos hicieron hecho haciendo haré hará
    decir digo dices decimos dije dijiste dijimos dijeron dicho diciendo dirá
    tener tengo tienes tiene tenemos tienen tuve tuviste tuvo tuvimos tuvieron tendrá
    venir vengo vienes viene vienen vine viniste vino vinimos vinieron viniendo vendrá
    poner pongo pone ponen puse pusiste puso pusimos pusieron puesto pondrá
    poder puedo puedes puede pueden pude pudo pudieron podrá
    saber sé sabes sabe saben supe supo supieron
    querer quiero quieres quiere quieren quise quiso quisieron
    ver veo ves vemos vi viste vimos vieron visto
    dar doy das dan di dio dimos dieron dado
    traer traigo trae traje trajo trajeron traído
    salir salgo sale salen saldrá
    conocer conozco conoce conocí
    empezar empiezo empiezas empieza empiezan empiece empecé empezó
    comenzar comienzo comienzas comienza comienzan comience comencé comenzó
    pensar pienso piensas piensan piense
    jugar juego juegas juega juegan jugué juegue
    dormir duermo duermes duerme duermen durmió durmieron duerma
    morir muero muere mueren murió murieron muerto muerta
    pedir pido pides pide piden pidió pidieron pida pidiendo
    servir sirvo sirves sirve sirven sirvió sirva
    repetir repito repites repite repiten repitió
    seguir sigo sigues sigue siguen siguió siguieron siga siguiendo
    conseguir consigo consigues consigue consiguen consiguió consiga
    elegir elijo eliges elige eligen eligió elija
    sentir siento sientes sienten sintieron sienta
    preferir prefiero prefieres prefiere prefieren prefirió prefiera
    mentir miento mientes miente mienten mintió
    divertir divierto diviertes divierte divierten divirtió
    encontrar encuentro encuentras encuentra encuentran encuentre
    contar cuento cuentas cuentan cuente
    mostrar muestro muestras muestra muestran muestre
    costar cuesta cuestan cueste
    acordar acuerdo acuerdas acuerda acuerdan
    recordar recuerdo recuerdas recuerda recuerdan recuerde
    probar pruebo pruebas prueba prueban pruebe
    soñar sueño sueñas sueña sueñan
    volar vuelo vuelas vuela vuelan
    mover muevo mueves mueve mueven mueva
    volver vuelvo vuelves vuelve vuelven volvió vuelto vuelta vuelva
    devolver devuelvo devuelve devuelven devuelto
    resolver resuelvo resuelve resuelven resuelto
    llover llueve lloviendo
    perder pierdo pierdes pierde pierden pierda
    entender entiendo entiendes entiende entienden entienda
    defender defiendo defiende defienden
    cerrar cierro cierras cierra cierran cierre
    despertar despierto despiertas despierta despiertan
    calentar caliento calienta calientan
    negar niego niega niegan
    regar riego riega riegan
    escribir escrito
    abrir abierto
    romper roto rota
    leer leyó leyeron
    caer cayó cayeron
    construir construyó
    buscar busqué
    llegar llegué
    pagar pagué
    tocar toqué
    sacar saqué
    mamá madre mami
    papá padre papi
    abuela abuelita yaya
    abuelo abuelito yayo
    película peli
    fotografía foto
    bicicleta bici
    televisión tele
    colegio cole
    universidad uni
    profesor profe
    cumpleaños cumple
    teléfono móvil
    kilómetro km
    doctor doctora dr dra`,
  capitalsAreNames: true,
  relativeTimes: {
    days: { ayer: -1, anoche: -1, anteayer: -2, hoy: 0, "esta manana": 0, "esta tarde": 0, "esta noche": 0 },
    last: "pasado pasada el este ultimo ultima",
    current: "este esta",
    next: "proximo proxima viene siguiente",
    units: {
      day: "dia dias",
      week: "semana semanas",
      weekend: "finde",
      month: "mes meses",
      year: "ano anos",
    },
    agoBefore: "hace hacia",
    agoAfter: "atras",
    counts: {
      un: 1,
      una: 1,
      uno: 1,
      dos: 2,
      tres: 3,
      cuatro: 4,
      cinco: 5,
      seis: 6,
      siete: 7,
      ocho: 8,
      nueve: 9,
      diez: 10,
      par: 2,
      unos: 3,
      unas: 3,
      varios: 4,
      varias: 4,
    },
  },
};
