/** What a token says about its peer. */
export interface Identity {
  readonly id: string;
  readonly username: string;
}

/** Reads a token without checking it. Undefined if it is no JWT of a peer. */
export function identityOf(token: string): Identity | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const { sub, username } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return typeof sub === 'string' ? { id: sub, username: String(username) } : undefined;
  } catch {
    return undefined;
  }
}

/** The token in the result of `access` or `renew`, under whatever name the document gives the field. */
export function tokenIn(data: unknown): string | undefined {
  for (const value of Object.values(Object(data))) {
    const { token } = Object(value) as { readonly token?: unknown };
    if (typeof token === 'string' && identityOf(token)) return token;
  }
  return undefined;
}
