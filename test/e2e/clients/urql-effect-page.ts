import { createElement as h, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Client, fetchExchange, Provider, useSubscription } from 'urql';

/** The page of urql-effect.test.ts: one component takes messages from `data` in an effect, the other in the handler. */
const url = new URLSearchParams(location.search).get('url') ?? '';
const client = new Client({
  url,
  exchanges: [fetchExchange],
  fetchSubscriptions: true,
  preferGetMethod: false,
});
const query = 'subscription { messages { cursor } }';

type Values = { readonly messages: { readonly cursor: string } };

function InEffect() {
  const [{ data }] = useSubscription<Values>({ query });
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    if (data) setSeen((before) => [...before, data.messages.cursor]);
  }, [data]);
  return h('p', { id: 'effect' }, seen.join(' '));
}

function InHandler() {
  const [{ data: seen }] = useSubscription<Values, readonly string[]>(
    { query },
    (before = [], { messages }) => [...before, messages.cursor],
  );
  return h('p', { id: 'handler' }, seen?.join(' '));
}

createRoot(document.getElementById('root') as HTMLElement).render(
  h(Provider, { value: client }, h(InEffect), h(InHandler)),
);
