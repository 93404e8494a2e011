// What an application would write to make records of rows.

export function accessTokenOf(tokenHash, row) {
  return (
    row && {
      tokenHash,
      clientId: String(row.client_id),
      userId: String(row.user_id),
      authorizationId: String(row.authorization_id),
      scope: row.scope,
      audience: row.audience,
      issuedAt: Number(row.issued_at),
      expiresAt: Number(row.expires_at),
    }
  )
}

export function refreshTokenOf(tokenHash, row) {
  return (
    row && {
      tokenHash,
      authorizationId: String(row.authorization_id),
      issuedAt: Number(row.token_issued_at),
      expiresAt: Number(row.token_expires_at),
      authorization: {
        authorizationId: String(row.authorization_id),
        userId: String(row.user_id),
        clientId: String(row.client_id),
        grantType: row.grant_type,
        scope: row.scope,
        audience: row.audience,
        deviceLabel: row.device_label,
        createdAt: Number(row.created_at),
        expiresAt: Number(row.expires_at),
      },
      spending: row.spent_at === null ? undefined : row,
    }
  )
}
