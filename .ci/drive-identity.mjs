// Starts an issuer and a stack that is told of it, asks for tokens, and places and reads orders
// with them.
//
//     drive-identity.mjs ORDERLY

import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { OAuth2Server } from 'oauth2-mock-server';

const [orderly] = process.argv.slice(2);
const PORT = 9700;
const API = `http://127.0.0.1:${PORT + 2}`;
const AUDIENCE = 'orderly-shop';
const SCOPES = 'shop-api/orders:write shop-api/orders:read';

const issuer = new OAuth2Server();
await issuer.issuer.keys.generate('RS256');
await issuer.start(0, '127.0.0.1');
// The name in tokens is where the stack finds it.
issuer.issuer.url = `http://127.0.0.1:${issuer.address().port}`;

const token = (claims, from = issuer.issuer) =>
  from.buildToken({
    scopesOrTransform: (_header, payload) => {
      delete payload.scope;
      Object.assign(payload, { aud: AUDIENCE, scope: SCOPES }, claims);
      for (const name of Object.keys(payload)) {
        if (payload[name] === undefined) delete payload[name];
      }
    },
  });

const place = (bearer, key) =>
  fetch(`${API}/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify({ items: [{ productId: 'prod-001', quantity: 1 }] }),
  });
const read = (bearer, order) =>
  fetch(`${API}/orders/${order}/events`, { headers: { authorization: `Bearer ${bearer}` } });

const stack = spawn(
  orderly,
  ['up', '--port', `${PORT}`, '--issuer', issuer.issuer.url, '--audience', AUDIENCE,
    '--parameter', 'WriteScope=shop-api/orders:write',
    '--parameter', 'ReadScope=shop-api/orders:read'],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);

async function up() {
  for (;;) {
    assert.equal(stack.exitCode, null, 'the stack did not start');
    try {
      if ((await fetch(`${API}/products`)).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function taken(name, claims) {
  const bearer = await token(claims);
  const answer = await place(bearer, 'key-1');
  assert.equal(answer.status, 201, name);
  const { orderId } = await answer.json();
  const events = await (await read(bearer, orderId)).json();
  const user = events.events[0].data.userId;
  const command = ['customer-id', '--issuer', issuer.issuer.url, '--subject', claims.sub];
  assert.equal(execFileSync(orderly, command, { encoding: 'utf8' }).trim(), user, name);
  console.log(`${name}: ${user}`);
  return { orderId, bearer };
}

async function refused(name, bearer, status) {
  const answer = await place(bearer, 'key-2');
  assert.equal(answer.status, status, name);
  assert.deepEqual(await answer.json(), { message: status === 401 ? 'Unauthorized' : 'Forbidden' });
  assert.equal(answer.headers.has('www-authenticate'), status === 401, name);
  console.log(`${name}: ${status}`);
}

try {
  await up();
  const auth0 = await taken('Auth0', { sub: 'auth0|5f7c8ec7c33c6c004bbafe82' });
  const cognito = await taken('Cognito', {
    sub: '0a1b2c3d-4e5f-4a6b-8c7d-1f2e3d4c5b6a', aud: undefined, client_id: AUDIENCE,
    token_use: 'access', username: 'ann@customers.example',
  });
  assert.notEqual(auth0.orderId, cognito.orderId, 'one key of two customers is two orders');
  assert.equal((await read(cognito.bearer, auth0.orderId)).status, 404, 'an order of another');

  const now = Math.floor(Date.now() / 1000);
  const sub = 'auth0|1';
  await refused('wrong audience', await token({ sub, aud: 'another' }), 401);
  await refused('wrong issuer', await token({ sub, iss: 'http://127.0.0.1:1' }), 401);
  await refused('expired', await token({ sub, exp: now - 10 }), 401);
  await refused('not yet', await token({ sub, nbf: now + 600 }), 401);
  await refused('another scope', await token({ sub, scope: 'evil/orders:write' }), 403);
  await refused('no token', 'alice', 401);

  const forger = new OAuth2Server();
  const { kid } = issuer.issuer.keys.toJSON()[0];
  await forger.issuer.keys.generate('RS256', { kid });
  forger.issuer.url = issuer.issuer.url;
  await refused('wrong key', await token({ sub }, forger.issuer), 401);

  // Keys are asked for again, but not at once.
  const rotated = await issuer.issuer.keys.generate('RS256', { kid: 'rotated' });
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const bearer = await issuer.issuer.buildToken({
    kid: rotated.kid,
    scopesOrTransform: (_header, payload) => {
      Object.assign(payload, { sub, aud: AUDIENCE, scope: SCOPES });
    },
  });
  assert.equal((await place(bearer, 'key-3')).status, 201, 'rotated key');
  console.log('rotated key: 201');
} finally {
  if (stack.exitCode === null) {
    stack.kill('SIGINT');
    await once(stack, 'exit');
  }
  await issuer.stop();
}
