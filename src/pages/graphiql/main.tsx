/// <reference types="vite/client" />
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './style.css';
import { Explorer } from './explorer.tsx';
import { Peers } from './peers.ts';

const root = document.querySelector('#root');
const peers = new Peers(new URL('./graphql', location.href).href);
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Explorer peers={peers} />
    </StrictMode>,
  );
}
