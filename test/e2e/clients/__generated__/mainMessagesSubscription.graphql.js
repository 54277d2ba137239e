/**
 * @generated SignedSource<<fedae719d911c6bf6cebc4a1bc26b3f9>>
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

var node = (function(){
var v0 = {
  "alias": null,
  "args": null,
  "concreteType": "Peer",
  "kind": "LinkedField",
  "name": "peer",
  "plural": false,
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "id",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "username",
      "storageKey": null
    }
  ],
  "storageKey": null
},
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Literal",
        "name": "join",
        "value": [
          {
            "roomId": "lobby"
          }
        ]
      }
    ],
    "concreteType": null,
    "kind": "LinkedField",
    "name": "messages",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "__typename",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "cursor",
        "storageKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "resumed",
            "storageKey": null
          }
        ],
        "type": "Connected",
        "abstractKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "offer",
            "storageKey": null
          },
          (v0/*:: as any*/)
        ],
        "type": "PeerAdded",
        "abstractKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "reason",
            "storageKey": null
          },
          (v0/*:: as any*/)
        ],
        "type": "PeerRemoved",
        "abstractKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "event",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "data",
            "storageKey": null
          },
          (v0/*:: as any*/)
        ],
        "type": "Signal",
        "abstractKey": null
      }
    ],
    "storageKey": "messages(join:[{\"roomId\":\"lobby\"}])"
  }
];
return {
  "fragment": {
    "argumentDefinitions": [],
    "kind": "Fragment",
    "metadata": null,
    "name": "mainMessagesSubscription",
    "selections": (v1/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [],
    "kind": "Operation",
    "name": "mainMessagesSubscription",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "31091ba3ef6e53f1aa1fb63ed79ca43c",
    "id": null,
    "metadata": {},
    "name": "mainMessagesSubscription",
    "operationKind": "subscription",
    "text": "subscription mainMessagesSubscription {\n  messages(join: [{roomId: \"lobby\"}]) {\n    __typename\n    cursor\n    ... on Connected {\n      resumed\n    }\n    ... on PeerAdded {\n      offer\n      peer {\n        id\n        username\n      }\n    }\n    ... on PeerRemoved {\n      reason\n      peer {\n        id\n        username\n      }\n    }\n    ... on Signal {\n      event\n      data\n      peer {\n        id\n        username\n      }\n    }\n  }\n}\n"
  }
};
})();

node.hash = "0ece6c1d69865293716384e28f9ef416";

export default node;
