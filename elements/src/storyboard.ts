// The storyboard: one sprite image of small frames, and a WebVTT file that says which frame stands where.

export interface Tile {
  readonly start: number;
  readonly end: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The tiles named by a storyboard's WebVTT (`sprite.jpg#xywh=0,0,160,90`), times in microseconds. */
export function parseStoryboard(vtt: string): Tile[] {
  const tiles: Tile[] = [];
  const cue = /(\S+)\s+-->\s+(\S+)[^\n]*\n[^\n#]*#xywh=(\d+),(\d+),(\d+),(\d+)/g;
  for (const match of vtt.replaceAll("\r\n", "\n").matchAll(cue)) {
    const [, from = "", to = "", ...box] = match;
    const [x = 0, y = 0, width = 0, height = 0] = box.map(Number);
    tiles.push({ start: cueTime(from), end: cueTime(to), x, y, width, height });
  }
  return tiles;
}

/** The tile that shows `us`. */
export function tileAt(tiles: readonly Tile[], us: number): Tile | undefined {
  return tiles.find((tile) => us < tile.end) ?? tiles.at(-1);
}

function cueTime(text: string): number {
  const seconds = text.split(":").reduce((total, part) => total * 60 + Number(part), 0);
  return Math.round(seconds * 1_000_000);
}
