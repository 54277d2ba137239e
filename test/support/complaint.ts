import { expect } from 'vitest';
import { readSettings, SettingsError } from '../../src/settings.ts';

/** Expects a SettingsError of one line. Returns its message. */
export function complaint(env: Record<string, string | undefined>, argv: readonly string[] = []): string {
  try {
    readSettings(env, argv);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.message;
  }
  throw new Error(`${JSON.stringify({ env, argv })} was accepted.`);
}
