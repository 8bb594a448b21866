// An element on a page's server: it has a name, and does nothing.
export class ServerElement {
  readonly isConnected = false;
}
