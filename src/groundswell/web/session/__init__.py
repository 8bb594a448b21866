"""Signing in and out, and who one is: staff at an OpenID provider, viewers by a hand-over of the service's."""
