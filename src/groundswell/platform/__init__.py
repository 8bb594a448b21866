"""Ground floor: settings, database, jobs, object storage, HTTP conventions, telemetry, clock, ids."""
