#!/bin/sh
# Create Temporal's two databases where they are missing, and bring their schemas up to date.
set -eu

bring_up_to_date() {
  # Both refuse what is there already; update-schema then says what is really wrong.
  temporal-sql-tool --db "$1" create || true
  temporal-sql-tool --db "$1" setup-schema -v 0.0 || true
  temporal-sql-tool --db "$1" update-schema --schema-name "postgresql/v12/$2"
}

bring_up_to_date temporal temporal
bring_up_to_date temporal_visibility visibility
