// Where people are named: a button to follow each.
import "../components/follow-button.ts";
