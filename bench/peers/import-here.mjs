/** Imports a package as a module in this folder does. */
export const importHere = (name) => import(name)
