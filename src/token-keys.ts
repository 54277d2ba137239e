import { isLoopback } from './loopback.ts';

/** What tells the tokens of an identity provider from others, as an operator gives it. */

/** The URL of a set of keys. Undefined if it is none, or has a part that `fetch` refuses or ignores. */
export function parseKeyUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash) return undefined;
  return url.href;
}

/** Whether somebody on the way could replace the keys. */
export function isOpenToAll(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

/** The values that a claim may have: texts that print, without commas and white space. */
export function parseClaims(text: string): readonly string[] | undefined {
  const values = text.split(',');
  return values.every((value) => /^[!-~]{1,512}$/.test(value)) ? values : undefined;
}
