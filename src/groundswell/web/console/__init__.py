"""The console: what marketers, rights managers, finance and trust & safety look at."""
