import { type GraphiQLPlugin, useEditorContext, useExecutionContext } from '@graphiql/react';
import { type ReactNode, useEffect, useState } from 'react';
import { usePeers } from './peers-context.ts';
import { type Action, steps, variablesOf, walkDocuments } from './walk.ts';

/** The pane with the walk, in GraphiQL's side bar. */
export const walkPlugin: GraphiQLPlugin = { title: 'Walk', icon: WalkIcon, content: WalkPane };

function WalkPane() {
  const peers = usePeers();
  const run = useRun();
  const [done, setDone] = useState<ReadonlySet<Action>>(new Set());
  const next = steps.flatMap(({ actions }) => actions).find((action) => !done.has(action));
  const press = (action: Action, variables: object) => {
    setDone((before) => new Set(before).add(action));
    peers.choose(peers[action.who]);
    run(action, variables);
  };
  return (
    <section className="walk" aria-label="Walk">
      <h2>The API in five steps</h2>
      <p>Ada and Ben are two peers in this window. Click from top to bottom: each click runs a tab.</p>
      <ol>
        {steps.map(({ title, text, actions }) => (
          <li key={title}>
            <h3>{title}</h3>
            <p>{marked(text)}</p>
            <div className="actions">
              {actions.map((action) => {
                const variables = variablesOf(action, peers);
                return (
                  <button
                    key={action.label}
                    ref={action === next && done.size > 0 ? showButton : null}
                    type="button"
                    data-peer={peers[action.who].name}
                    className={action === next ? 'next' : done.has(action) ? 'done' : ''}
                    disabled={!variables}
                    onClick={() => variables && press(action, variables)}
                  >
                    {action.label}
                  </button>
                );
              })}
            </div>
          </li>
        ))}
      </ol>
      <p>Then edit a tab, choose the sender below the run button, and run it.</p>
    </section>
  );
}

function showButton(button: HTMLElement | null): void {
  button?.scrollIntoView({ block: 'nearest' });
}

/** Returns a function that opens the tab of an action, fills in the variables, and runs it. */
function useRun(): (action: Action, variables: object) => void {
  const { tabs, changeTab, addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const { run } = useExecutionContext({ nonNull: true });
  const [pending, setPending] = useState<{ action: Action; variables: object }>();
  // The editors show the new tab after the next render.
  useEffect(() => {
    if (!pending || !queryEditor || !variableEditor) return;
    setPending(undefined);
    const { action, variables } = pending;
    const { query } = walkDocuments[action.document];
    if (!has(queryEditor.getValue(), action)) queryEditor.setValue(query);
    variableEditor.setValue(Object.keys(variables).length === 0 ? '' : JSON.stringify(variables, null, 2));
    run();
  }, [pending, queryEditor, variableEditor, run]);
  return (action, variables) => {
    const index = tabs.findIndex(({ query }) => has(query, action));
    if (index === -1) addTab();
    else changeTab(index);
    setPending({ action, variables });
  };
}

function has(query: string | null, { document }: Action): boolean {
  return new RegExp(`^(mutation|subscription) ${document}\\b`, 'm').test(query ?? '');
}

/** The text, with the parts between backquotes as code. */
function marked(text: string): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts never move
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

function WalkIcon() {
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round">
      <title>Walk</title>
      <path d="M2 3h.01M2 8h.01M2 13h.01M6 3h8M6 8h8M6 13h8" />
    </svg>
  );
}
