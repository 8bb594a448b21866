// What stands around the bar in the trimmer, loaded when it is first opened: most who watch never clip.
import "./moment-words.ts";
import "./time-field.ts";
import "./transcript.ts";
