/** The contestants' own packages, which are only there once a benchmark has run. */
declare module '@chainsafe/libp2p-quic';
declare module '@hyperswarm/secret-stream';
declare module '@libp2p/crypto/keys';
declare module '@number0/iroh';
declare module 'udx-native';
