local _, floor = readEntries(DOCUMENTS)
return { 'ok', inc, math.max(time[1] * 1000000 + time[2], floor or 0) }
