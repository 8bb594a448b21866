// A certified OpenID provider for the tests: node openid_provider.mjs PORT REDIRECT_URI POST_LOGOUT_REDIRECT_URI. Whoever
// is typed in is signed in: their groups are what stands after a plus ("mira+moments-marketing").
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, redirectUri, postLogoutRedirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const jwk = (kind, options, more) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
  use: "sig",
  ...more,
});
const keys = [
  jwk("rsa", { modulusLength: 2048 }, { kid: "rsa" }),
  jwk("ec", { namedCurve: "P-256" }, { kid: "ec", alg: "ES256" }),
  jwk("ed25519", {}, { kid: "ed", alg: "EdDSA" }),
];
const algorithms = ["RS256", "PS256", "ES256", "EdDSA"];
const client = (client_id, alg, more) => ({
  client_id,
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: [postLogoutRedirectUri],
  id_token_signed_response_alg: alg,
  ...more,
});
const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [
    ...algorithms.map((alg) => client(alg, alg, { client_secret: "a secret that both know" })),
    client("public", "RS256", { token_endpoint_auth_method: "none" }),
  ],
  enabledJWA: { idTokenSigningAlgValues: algorithms },
  claims: { openid: ["sub"], profile: ["name", "groups"] },
  pkce: { required: () => true },
  cookies: { keys: ["cookies of the tests"] },
  ttl: { Session: 600, Interaction: 600, Grant: 600, IdToken: 600, AccessToken: 600 },
  findAccount: (_, id) => {
    const [name, ...groups] = id.split("+");
    return { accountId: id, claims: () => ({ sub: id, name: name[0].toUpperCase() + name.slice(1), groups }) };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
