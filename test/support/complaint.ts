import { expect } from 'vitest';
import { readSettings, SettingsError } from '../../src/settings.ts';

/** Expects a SettingsError of one line. Returns its message. */
export function complaint(env: Record<string, string | undefined>, argv: readonly string[] = []): string {
  return complaintOf(() => readSettings(env, argv), JSON.stringify({ env, argv }));
}

/** Expects that this throws a SettingsError of one line. Returns its message. `what`: what was read. */
export function complaintOf(read: () => unknown, what = 'This'): string {
  try {
    read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.message;
  }
  throw new Error(`${what} was accepted.`);
}
