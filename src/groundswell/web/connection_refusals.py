"""Why a connection is ended before its request is understood."""

from groundswell.platform.problems import Problem


class HeadTooLarge(Problem):
    status, code, title = 431, "head_too_large", "The request's address and headers are too many or too long."


class RequestTooSlow(Problem):
    status, code, title = 408, "request_too_slow", "The request did not arrive in time."


class TooManyConnections(Problem):
    status, code, title = 429, "too_many_connections", "There are too many connections from this address."


class ConnectionsFull(Problem):
    status, code, title = 503, "connections_full", "The server has as many connections as it can hold; try again."


class RequestMalformed(Problem):
    status, code, title = 400, "request_malformed", "This is not an HTTP request."
