// The links made while a share sheet is open: one a channel, made once, changed together.
import type { Client, Share, ShareOptions } from "./api.ts";

export class Links {
  private readonly client: Client;
  private readonly moment: string;
  private readonly parent: string | null;
  private readonly made = new Map<string, Promise<Share>>();
  private readonly shares = new Map<string, Share>();
  private options: ShareOptions = {};

  constructor(client: Client, moment: string, parent: string | null) {
    this.client = client;
    this.moment = moment;
    this.parent = parent;
  }

  /** The link of a channel, when it is there already. */
  known(channel: string): Share | undefined {
    return this.shares.get(channel);
  }

  /** The link of a channel; asked for twice, made once. */
  of(channel: string): Promise<Share> {
    const made = this.made.get(channel) ?? this.make(channel);
    this.made.set(channel, made);
    return made;
  }

  /** Change how every link shows the moment: those there are, and those to come. */
  async change(change: ShareOptions): Promise<void> {
    const before = [...this.made]; // those that are begun from now on have the new options already
    this.options = { ...this.options, ...change };
    for (const [channel, making] of before) {
      const made = await making.catch(() => null); // whoever asked for it hears that it could not be made
      if (!made) continue;
      const share = await this.client.changeShare(made.id, change);
      this.shares.set(channel, share);
      this.made.set(channel, Promise.resolve(share));
    }
  }

  private async make(channel: string): Promise<Share> {
    try {
      const share = await this.client.createShare(this.moment, channel, this.parent, this.options);
      this.shares.set(channel, share);
      return share;
    } catch (error) {
      this.made.delete(channel);
      throw error;
    }
  }
}
