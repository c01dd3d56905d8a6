-- As read-in-session, where everything that lists the documents is there too: what was lost must not look empty.
-- keys: documents documentOrder documentTags documentsExpiring
-- #include read-in-session
-- #include document-format
if h.docs > 0 and not intactDocuments(readEntries(DOCUMENTS), DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING) then
  return { 'incomplete' }
end
