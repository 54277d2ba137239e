import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { minSecretBytes, parseSecrets } from '../token-secret.ts';

/** In the folder in which the server is started. */
export const keptSecretFile = '.signalbox-secret';

export interface KeptSecret {
  readonly secret: Uint8Array;
  /** Why the secret is not in the file, so that it dies with the process. Undefined if it is there. */
  readonly problem?: string;
}

/**
 * The secret of a server that was given none: it is made once and kept in a file, so that a restart ends no token.
 * If that is not possible, the secret is random.
 */
export function keptSecret(path: string = keptSecretFile): KeptSecret {
  try {
    return { secret: readKept(path) ?? makeKept(path) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { secret: randomBytes(minSecretBytes), problem: code ?? message };
  }
}

/** Undefined if there is no such file. */
function readKept(path: string): Uint8Array | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    // In a folder that others can write to, such as /tmp, somebody else may have put a secret that he knows.
    const { uid, mode } = fstatSync(file);
    const others = mode & 0o077;
    if (process.getuid && (uid !== process.getuid() || others !== 0)) {
      throw new Error('other users of this machine may know it: delete it, or make it yours with mode 0600');
    }
    const [secret] = parseSecrets(readFileSync(file, 'utf8').trimEnd()) ?? [];
    if (!secret) throw new Error('it holds no secret: delete it');
    return secret;
  } finally {
    closeSync(file);
  }
}

function makeKept(path: string): Uint8Array {
  const text = randomBytes(minSecretBytes).toString('base64url');
  // `wx`: it fails if another process has just made one, and follows no link.
  writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o600 });
  return new TextEncoder().encode(text);
}
