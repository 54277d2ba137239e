import { usePluginStore } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect, useMemo } from 'react';
import { documents } from './documents.ts';
import { createFetcher } from './fetcher.ts';
import { Messages } from './messages.tsx';
import { PeerSwitch } from './peer-switch.tsx';
import type { Peers } from './peers.ts';
import { PeersContext } from './peers-context.ts';
import { storage } from './storage.ts';
import { roomId } from './walk.ts';
import { walkPlugin } from './walk-pane.tsx';

/** The content of the tabs that GraphiQL opens with, in the order of the walk. */
const tabs = Object.values(documents(roomId)).map(({ query, variables }) => ({
  query,
  ...(variables && { variables: JSON.stringify(variables, null, 2) }),
}));
const plugins = [walkPlugin];

/** The whole page: GraphiQL, and below it the messages of both peers. */
export function Explorer({ peers }: { readonly peers: Peers }) {
  const fetcher = useMemo(() => createFetcher(peers), [peers]);
  return (
    <PeersContext value={peers}>
      <div className="explorer">
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
          storage={storage}
          defaultTabs={tabs}
          defaultEditorToolsVisibility="variables"
          schemaDescription
          shouldPersistHeaders={false}
          forcedTheme="system"
        >
          <GraphiQL.Logo>
            <a className="start" href="./">
              Signalbox
            </a>
          </GraphiQL.Logo>
          <GraphiQL.Toolbar>
            {({ prettify, copy }) => (
              <>
                <PeerSwitch />
                {prettify}
                {copy}
              </>
            )}
          </GraphiQL.Toolbar>
          <OpenWalk />
        </GraphiQL>
      </div>
      <Messages />
    </PeersContext>
  );
}

/**
 * Opens the pane with the walk when the page opens. GraphiQL has a property for that, which only makes the pane the
 * active one: it stays out of view.
 */
function OpenWalk() {
  const isThere = usePluginStore().plugins.includes(walkPlugin);
  useEffect(() => {
    if (isThere) document.querySelector<HTMLElement>(`[aria-label="Show ${walkPlugin.title}"]`)?.click();
  }, [isThere]);
  return null;
}
