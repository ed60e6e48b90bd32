// Written by `npm run site` from site.json, the one place for the app id and the address of the service.
export const ORIGIN = 'http://127.0.0.1:8888'
