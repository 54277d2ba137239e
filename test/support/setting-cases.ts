import type { Settings } from '../../src/settings.ts';

/** What one setting accepts and refuses. */
export interface SettingCase {
  readonly key: keyof Settings;
  readonly variable: string;
  readonly flag: string;
  readonly fallback: unknown;
  /** Accepted texts, and the values that they become. */
  readonly good: Readonly<Record<string, unknown>>;
  readonly bad: readonly string[];
  /** The description of accepted values in error messages. */
  readonly takes: string;
}

/** The settings of the HTTP side. */
export const httpCases: readonly SettingCase[] = [
  {
    key: 'basePath',
    variable: 'BASE_PATH',
    flag: '--base-path',
    fallback: '/',
    good: { '/signal': '/signal', '/a/b-c.d/': '/a/b-c.d', '/': '/' },
    bad: ['signal', '//', '/a//b', '/../a', '/a/.', '/a?b', '/a b', 'http://h/a'],
    takes: 'a path such as / or /signal',
  },
  {
    key: 'corsOrigins',
    variable: 'CORS_ORIGINS',
    flag: '--cors-origins',
    fallback: '*',
    good: {
      '*': '*',
      'https://app.example': ['https://app.example'],
      'HTTPS://App.example:443, http://localhost:3000': ['https://app.example', 'http://localhost:3000'],
      'capacitor://localhost': ['capacitor://localhost'],
    },
    bad: ['app.example', 'https://app.example/', 'https://a,*', 'https://a,', 'null', 'https://*.example'],
    takes: '* or origins such as https://app.example, separated by commas',
  },
  {
    key: 'graphiql',
    variable: 'GRAPHIQL',
    flag: '--graphiql',
    fallback: true,
    good: { true: true, false: false },
    bad: ['on', '0'],
    takes: 'true or false',
  },
  {
    key: 'introspection',
    variable: 'INTROSPECTION',
    flag: '--introspection',
    fallback: true,
    good: { true: true, false: false },
    bad: ['on', '0'],
    takes: 'true or false',
  },
];
