/** The algorithms that tokens are signed with. HS256 is for a single app: whoever verifies could also sign. */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'HS256'
