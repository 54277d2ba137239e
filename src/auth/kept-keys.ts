import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { JSONWebKeySet } from 'jose';

/** In the folder in which the server is started. */
export const keptKeysFile = '.signalbox-jwks';

/** A set of keys, and when it was fetched, in milliseconds since 1970. */
export interface FetchedKeys {
  readonly jwks: JSONWebKeySet;
  readonly fetchedAt: number;
}

/** Keeps the last set of keys from a URL in a file, so that a node can start while the URL is dead. */
export class KeptKeys {
  readonly #source: string;
  readonly #path: string;

  constructor(url: string, path: string = keptKeysFile) {
    // Not the URL itself: it may have a key in its query.
    this.#source = createHash('sha256').update(url).digest('base64url');
    this.#path = path;
  }

  /** Undefined if there is no such file, if it is of another URL, or if others could have written it. */
  read(): FetchedKeys | undefined {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return undefined;
    }
    try {
      // In a folder that others can write to, such as /tmp, somebody else may have put keys of his own.
      const { uid, mode } = fstatSync(file);
      if (process.getuid && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
      const { source, jwks, fetchedAt } = JSON.parse(readFileSync(file, 'utf8'));
      return source === this.#source && typeof fetchedAt === 'number' ? { jwks, fetchedAt } : undefined;
    } catch {
      return undefined;
    } finally {
      closeSync(file);
    }
  }

  /** Returns why the keys cannot be kept, or undefined if they are. */
  write({ jwks, fetchedAt }: FetchedKeys): string | undefined {
    const draft = `${this.#path}.${process.pid}`;
    try {
      // `wx` follows no link. Another process sees the file before or after this, and never a part of it.
      writeFileSync(draft, JSON.stringify({ source: this.#source, fetchedAt, jwks }), {
        flag: 'wx',
        mode: 0o600,
      });
      renameSync(draft, this.#path);
      return undefined;
    } catch (error) {
      rmSync(draft, { force: true });
      return (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }
}
