// For you, on a page of its own.
import "../components/feed.ts";
