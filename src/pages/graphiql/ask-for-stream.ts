/** Answers after which another attempt may succeed. */
const temporary: readonly number[] = [429, 503];

/**
 * Asks for an event stream, for graphql-sse. graphql-sse repeats a refused request without a report. So a refusal for
 * good, such as that of an expired token, becomes a stream of one event: the error.
 */
export async function askForStream(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
  if (isStream || temporary.includes(response.status)) return response;
  const text = JSON.stringify(await response.json());
  return new Response(`event: next\ndata: ${text}\n\nevent: complete\ndata:\n\n`, {
    headers: { 'Content-Type': 'text/event-stream' },
  });
}
