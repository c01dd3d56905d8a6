import type { LanguageData } from "./language-data.ts";

export const english: LanguageData = {
  stemmer: "english",
  stop: `a an the this that these those it is am are was were be been being do does did have has had
    i you he she we they me him her us them my your his its our their
    who whom whose which what when where why how
    and or but if so no not to of in on at for with by from about as
    will would can could should`,
  frame: `type kind sort way ways thing things something name named
    mention mentions mentioned say says said tell tells told talk talks talked describe describes described
    discuss discusses discussed share shares shared decide decides decided plan plans planned planning
    think thinks thought feel feels felt happen happens happened reason
    according following regarding related certain various different example specific specifically
    particular particularly significant main primary typically usually currently recently
    many much long often while during after before both together`,
  self: "i me my we us our",
  kinds: {
    when: /\bwhen\b|\b(?:what|which) (?:date|day|month|year|time)\b|\bhow long\b/i,
    where:
      /\bwhere\b|\b(?:what|which) (?:city|cities|country|countries|place|places|state|states|town|towns)\b/i,
    who: /\bwho(?:m|se)?\b/i,
    why: /\bwhy\b|\bhow come\b|\bwhat (?:made|inspired|motivated|caused)\b|\breasons?\b/i,
    many: /\bhow (?:many|much|often)\b/i,
    feel: /\bhow\b[^?]{0,60}\bfeel/i,
    name: /^\W*(?:what|which)\b[^?]{0,80}\b(?:name|named|called|title|titled|book|movie|film|song|band|game|show)/i,
  },
  prepositions: "to by with for from about of",
  joiners: "and or",
  both: "both",
  forms: `be been being
    go went gone goes
    buy bought
    bring brought
    think thought
    teach taught
    catch caught
    fight fought
    seek sought
    make made
    take took taken
    mistake mistook mistaken
    give gave given
    get got gotten
    see saw seen
    know knew known
    grow grew grown
    fly flew flown
    draw drew drawn
    throw threw thrown
    begin began begun
    drink drank drunk
    sing sang sung
    swim swam swum
    ring rang rung
    sink sank sunk
    shrink shrank shrunk
    run ran
    come came
    become became
    overcome overcame
    find found
    bind bound
    grind ground
    tell told
    sell sold
    say said
    hold held
    keep kept
    sleep slept
    sweep swept
    weep wept
    creep crept
    feel felt
    kneel knelt
    deal dealt
    mean meant
    dream dreamt
    learn learnt
    burn burnt
    spell spelt
    meet met
    leave left
    lose lost
    win won
    write wrote written
    ride rode ridden
    drive drove driven
    rise rose risen
    arise arose arisen
    choose chose chosen
    freeze froze frozen
    speak spoke spoken
    break broke broken
    wake woke woken
    steal stole stolen
    weave wove woven
    wear wore worn
    tear tore torn
    bear bore borne
    eat ate eaten
    fall fell fallen
    hear heard
    build built
    bend bent
    spend spent
    send sent
    lend lent
    pay paid
    lay laid
    stand stood
    understand understood
    sit sat
    spit spat
    hide hid hidden
    bite bit bitten
    slide slid
    light lit
    forget forgot forgotten
    forgive forgave forgiven
    forbid forbade forbidden
    hang hung
    stick stuck
    strike struck
    swing swung
    spin spun
    dig dug
    lead led
    feed fed
    breed bred
    bleed bled
    speed sped
    flee fled
    shoot shot
    swear swore sworn
    blow blew blown
    show shown
    sew sewn
    shake shook shaken
    shine shone
    prove proven
    bid bade
    kid kids child children
    man men
    woman women
    person people
    foot feet
    tooth teeth
    goose geese
    mouse mice
    wife wives
    life lives
    knife knives
    wolf wolves
    half halves
    shelf shelves
    leaf leaves
    loaf loaves
    thief thieves
    good better best
    bad worse worst
    mom mum mother mama mommy mummy
    dad father papa daddy
    grandma grandmother granny
    grandpa grandfather
    brother bro
    sister sis
    husband hubby
    photo photograph pic picture
    bike bicycle
    tv television telly
    vet veterinarian
    doctor doc
    birthday bday
    business biz
    favorite favourite fave
    vacation vacay
    information info
    laboratory lab
    exam examination
    fridge refrigerator
    phone telephone
    advertisement ad advert
    university uni
    apartment apt
    conversation convo
    repository repo
    configuration config
    administrator admin
    document doc docs
    application app apps
    gymnasium gym
    mathematics math maths
    condominium condo
    rehabilitation rehab
    demonstration demo
    memorandum memo
    statistics stats
    specification spec specs
    representative rep
    color colour
    neighbor neighbour
    theater theatre
    center centre`,
  capitalsAreNames: true,
  relativeTimes: {
    days: {
      yesterday: -1,
      "last night": -1,
      today: 0,
      tonight: 0,
      "this morning": 0,
      "this afternoon": 0,
      "this evening": 0,
      tomorrow: 1,
    },
    last: "last past on since",
    current: "this",
    next: "next coming",
    units: {
      day: "day days",
      week: "week weeks",
      weekend: "weekend",
      month: "month months",
      year: "year years",
    },
    agoBefore: "",
    agoAfter: "ago back before",
    counts: {
      a: 1,
      an: 1,
      one: 1,
      two: 2,
      three: 3,
      four: 4,
      five: 5,
      six: 6,
      seven: 7,
      eight: 8,
      nine: 9,
      ten: 10,
      couple: 2,
      few: 3,
      several: 4,
    },
  },
};
