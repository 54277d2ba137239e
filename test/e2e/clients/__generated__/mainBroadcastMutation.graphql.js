/**
 * @generated SignedSource<<49e61ed7f92a13445d776c6e50e7d71f>>
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

var node = (function(){
var v0 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "data"
},
v1 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "event"
},
v2 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "key"
},
v3 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "data",
        "variableName": "data"
      },
      {
        "kind": "Variable",
        "name": "event",
        "variableName": "event"
      },
      {
        "kind": "Variable",
        "name": "key",
        "variableName": "key"
      },
      {
        "kind": "Literal",
        "name": "roomId",
        "value": "lobby"
      }
    ],
    "concreteType": "Receipt",
    "kind": "LinkedField",
    "name": "broadcast",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "status",
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": [
      (v0/*:: as any*/),
      (v1/*:: as any*/),
      (v2/*:: as any*/)
    ],
    "kind": "Fragment",
    "metadata": null,
    "name": "mainBroadcastMutation",
    "selections": (v3/*:: as any*/),
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [
      (v1/*:: as any*/),
      (v0/*:: as any*/),
      (v2/*:: as any*/)
    ],
    "kind": "Operation",
    "name": "mainBroadcastMutation",
    "selections": (v3/*:: as any*/)
  },
  "params": {
    "cacheID": "c5e3724b52a312a47493448a58e65c45",
    "id": null,
    "metadata": {},
    "name": "mainBroadcastMutation",
    "operationKind": "mutation",
    "text": "mutation mainBroadcastMutation(\n  $event: String!\n  $data: JSON\n  $key: ID\n) {\n  broadcast(roomId: \"lobby\", event: $event, data: $data, key: $key) {\n    status\n  }\n}\n"
  }
};
})();

node.hash = "d9722932ece5d2e02df5e1cdc4961455";

export default node;
