"""For you: scenes one after another, chosen for whoever looks, each saying why it is there."""
