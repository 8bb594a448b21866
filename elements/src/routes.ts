// What the generated types say of one call: which routes a method has, what it is asked with, what it answers. Types only.
import type { paths } from "./api-types.ts";

export type Method = "get" | "post" | "put" | "patch" | "delete";

interface Json<Content> {
  readonly content: { readonly "application/json": Content };
}

/** The paths that have this method. */
export type Route<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { readonly responses: object } ? P : never;
}[keyof paths];

type Parameters<O, Where extends "path" | "query"> = O extends {
  readonly parameters: { readonly [W in Where]?: infer Given };
}
  ? NonNullable<Given>
  : never;

type Body<O> = O extends { readonly requestBody: Json<infer Content> } ? Content : never;

type Present<T, Name extends string> = [T] extends [never] ? unknown : { readonly [N in Name]: T };

/** What goes with a call: the path's parts and the body where there are any; `key` makes a repeated POST harmless, and
    `keepalive` has it sent although the page is left. */
export type Asked<M extends Method, R extends Route<M>> = Present<Parameters<paths[R][M], "path">, "path"> &
  Present<Body<paths[R][M]>, "body"> & {
    readonly query?: Parameters<paths[R][M], "query">;
    readonly path?: unknown;
    readonly body?: unknown;
    readonly key?: string;
    readonly keepalive?: boolean;
  };

/** The JSON that a call answers when all went well. */
export type Answer<M extends Method, R extends Route<M>> = paths[R][M] extends { readonly responses: infer Answers }
  ? Answers extends { readonly 200: Json<infer Content> }
    ? Content
    : Answers extends { readonly 201: Json<infer Content> }
      ? Content
      : undefined
  : never;
