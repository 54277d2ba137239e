/** Whether `host` is a loopback address or its name, in lower case: an IPv6 address without brackets. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/.test(host);
}
