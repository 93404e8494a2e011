/** What whoever starts the shop has to change; its message is all that they are shown. */
export class CannotStartError extends Error {}
