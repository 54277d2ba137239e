/** What the settings in `settings-table.ts` take: how a text becomes a value, and how an error shows a wrong text. */

const redisHost = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?`;
const redisUrls = [
  String.raw`rediss?://(?:[^/?#\s]*@)?${redisHost}(?:/\d{0,5})?`,
  String.raw`rediss?\+sentinel://(?:[^/?#\s]*@)?${redisHost}(?:,${redisHost})*/[^/?#\s]+(?:/\d{0,5})?`,
  String.raw`rediss?\+cluster://(?:[^/?#\s]*@)?${redisHost}(?:,${redisHost})*/?`,
].map((form) => new RegExp(String.raw`^${form}(?:\?[^#\s]*)?$`));

/** The text if it is a URL that `REDIS_URL` takes. */
export function redisUrl(text: string): string | undefined {
  return redisUrls.some((form) => form.test(text)) ? text : undefined;
}

/** The text if the pattern matches it. */
export function matching(pattern: RegExp, text: string): string | undefined {
  return pattern.test(text) ? text : undefined;
}

export function whole(min: number, max: number) {
  return {
    takes: `a whole number from ${min} to ${max}`,
    parse: (text: string) => (/^\d{1,15}$/.test(text) ? within(min, Number(text), max) : undefined),
  };
}

export function seconds(min: number, max: number) {
  return {
    takes: `a number of seconds from ${min} to ${max}`,
    parse: (text: string) =>
      /^\d{1,9}(\.\d{1,9})?$/.test(text) ? within(min, Number(text), max) : undefined,
  };
}

export function factor() {
  return {
    takes: '0, or a number from 0.01 to 1000',
    parse: (text: string) => {
      if (!/^\d{1,4}(\.\d{1,9})?$/.test(text)) return undefined;
      return Number(text) === 0 ? 0 : within(0.01, Number(text), 1000);
    },
  };
}

export function trueOrFalse() {
  return {
    takes: 'true or false',
    parse: (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined),
  };
}

/** The path without a slash at its end, except for `/` itself. */
export function basePath(text: string): string | undefined {
  // No segment of dots only: clients resolve `.` and `..` before they send a path.
  const valid = /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+\/?)$/.test(text);
  return valid ? text.replace(/(.)\/$/, '$1') : undefined;
}

/** `*`, or each origin as browsers write it in the header `Origin`. */
export function origins(text: string): '*' | readonly string[] | undefined {
  if (text === '*') return text;
  const list = text.split(',').map((part) => originOf(part.trim()));
  return list.every((origin) => origin !== undefined) ? list : undefined;
}

/** Undefined if the text has more than a scheme, a host and a port. */
function originOf(text: string): string | undefined {
  if (!/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*]+$/i.test(text)) return undefined;
  const url = URL.parse(text);
  // The origin of a scheme such as that of an app, `capacitor://localhost`, is "null" here.
  if (!url) return undefined;
  return url.origin === 'null' ? text.toLowerCase() : url.origin;
}

function within(min: number, value: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

/** The text in quotes, shortened and on one line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/**
 * How an error shows a wrong URL: only the parts that cannot contain a password. A text that is not a URL is
 * shown only if it looks like a host.
 */
export function showUrl(text: string): string {
  if (/^[\w.-]*(:\d{1,5})?$/.test(text)) return quote(text);
  // Keep the first of several hosts: `URL` accepts only one.
  const url = URL.parse(text.replace(new RegExp(`((?:^|[/@])${redisHost}),[^/?#@]*`), '$1'));
  if (!url?.host) return 'not a URL';
  const user = url.username || url.password ? '***@' : '';
  return quote(`${url.protocol}//${user}${url.host}${url.pathname}${url.search && '?***'}`);
}
