"""By what those are known who send something to the API."""

STRIPE_SECRET = "whsec_test"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
WHERE = "CF-IPCountry"
STAFF = ("marketer", "rights", "trust", "finance")
