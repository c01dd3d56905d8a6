local function markText(h, subject)
  return '{{formatVersion}}|' .. h.inc .. '|' .. num(h.expires) .. '|' .. num(h.rotate) .. '|' .. subject
end
