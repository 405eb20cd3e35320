#!/bin/sh
# Runs once, when the volume is empty: one user and its own databases for the service, another for Temporal, so that
# neither can read the other's. Passwords are quoted by psql, never pasted into SQL.
set -eu

psql --no-psqlrc -v ON_ERROR_STOP=1 \
    -v billpay_password="$BILLPAY_DB_PASSWORD" \
    -v temporal_password="$TEMPORAL_DB_PASSWORD" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE billpay LOGIN PASSWORD :'billpay_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';

CREATE DATABASE billpay OWNER billpay;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

REVOKE CONNECT ON DATABASE billpay, temporal, temporal_visibility FROM PUBLIC;
SQL
