/** Where the memory is kept when nothing else is said, below the folder where the command is run. */
export const defaultFolder = ".relevo/leads";
