// Styles set from script, property by property: Lit's own `styleMap` first writes a style attribute, which a
// Content-Security-Policy without `unsafe-inline` forbids.
import { noChange, type ElementPart } from "lit";
import { Directive, directive, PartType, type PartInfo } from "lit/directive.js";

class Styled extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("styled() stands on an element: <div ${styled({…})}>");
  }

  render(_styles: Record<string, string>): unknown {
    return noChange;
  }

  override update(part: ElementPart, [styles]: [Record<string, string>]): unknown {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(styles)) style.setProperty(name, value);
    return noChange;
  }
}

/** `<div ${styled({ left: "10%" })}>` */
export const styled = directive(Styled);
