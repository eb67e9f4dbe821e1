/** The GraphQL client: one normalised cache, so that a live message about a door changes every place that shows this door. */
import { Client, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core';
import { type Cache, cacheExchange, type UpdateResolver } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { embeddedTypes, possibleTypes } from './generated/possibleTypes';
import { signedInStore } from './live';
import { makeForwarder, ownAddress } from './socket';

function forget(cache: Cache, ...fields: string[]): void {
  for (const field of cache.inspectFields('Query')) {
    if (fields.includes(field.fieldName)) cache.invalidate('Query', field.fieldKey);
  }
}

// Lists do not know that a node was made: those that may now hold it are read again.
const forgets = (...fields: string[]): UpdateResolver => (_result, _args, cache) => forget(cache, ...fields);

export function makeClient(http = '/graphql', socket = ownAddress()): Client {
  return new Client({
    url: http,
    preferGetMethod: false,
    fetchOptions: { headers: { 'x-lockyard-client': 'dashboard' } },
    exchanges: [
      mapExchange({
        onResult: (result) => {
          const status = (result.error?.response as Response | undefined)?.status;
          if (status === 401) signedInStore.set(false);
        },
      }),
      cacheExchange({
        possibleTypes,
        keys: Object.fromEntries(embeddedTypes.map((name) => [name, () => null])),
        resolvers: {
          Query: {
            audit: relayPagination(),
            alarms: relayPagination(),
            stays: relayPagination(),
            exports: relayPagination(),
          },
          Bank: { compartments: relayPagination() },
        },
        updates: {
          Mutation: {
            createExport: forgets('exports'),
            grantCarrier: forgets('carriers', 'grants'),
            reserveCompartment: forgets('stays'),
            connectVendor: forgets('vendorAccounts'),
            deleteVendorAccount: forgets('vendorAccounts'),
            importBank: forgets('banks', 'site', 'sites'),
            deleteBank: forgets('banks', 'site', 'sites', 'vendorAccounts'),
          },
        },
      }),
      fetchExchange,
      subscriptionExchange({ forwardSubscription: makeForwarder(socket) }),
    ],
  });
}
