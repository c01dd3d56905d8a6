-- Whether the documents of a session can be read: 'ok', 'none', or what is lost.
-- keys: log operations documents documentOrder documentTags documentsExpiring
-- #include read-in-session
-- #include document-format
if h.docs > 0 and not intactDocuments(readEntries(DOCUMENTS), DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING) then
  return { 'incomplete' }
end
return { 'ok' }
