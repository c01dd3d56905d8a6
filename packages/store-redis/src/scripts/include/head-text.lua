local function headText(h)
  return string.format('H{{formatVersion}}|%d|%d|%d|%s|%d|%d|%s|%s|%d|%s|%d|%s|%s|%d|%d|%d.%d.%d|%d|%d|%s',
    h.version, h.revision, h.bytes, h.updated, h.expires, h.ops, h.token, h.inc, h.first, h.created, h.ttl, h.fixed, h.sealed,
    h.old, h.rotate, h.docs, h.derived, h.landmarks, h.aux, h.removal, h.rest)
end
