// Short, so that a rotation can be watched. A real shop leaves all of this out: the defaults are minutes.

/** Seconds after which a process of the shop notices a rotation by another. */
export const keyRefreshSeconds = 1

/** Seconds for which the stock service uses the keys that it fetched, and others may. */
export const keyCacheSeconds = 2

/** Seconds that a key is published before it signs: longer than the two above together. */
export const keyPublishSeconds = 5
