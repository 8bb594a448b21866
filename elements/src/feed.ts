// For you on the service's own pages, beside the components of index.ts.
export { Feed } from "./components/feed.ts";
