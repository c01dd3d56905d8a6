-- #include check-fence
if expectedVersion and expectedVersion ~= before then return { 'version', before } end
